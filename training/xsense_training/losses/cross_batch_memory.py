# SPDX-License-Identifier: Apache-2.0
"""Vectors of past batches as further positives and negatives.

Source: Wang et al. 2020 (arXiv 1912.06798). CrossBatchMemory of pytorch-metric-learning keeps one
queue for anchors and references alike; with two modalities each needs its own, and the queue here
is part of the checkpoint.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xsense_ros.errors import InputError


class CrossBatchMemory(nn.Module):
    """Anchors of the batch against the other modality's batch and memory, in both directions.

    Past vectors are constants. In eval mode nothing is added to the memory. Where rows are
    gathered from several processes every one of them keeps the same memory.

    Args:
        loss: a one-way loss (x, y, labels_x, labels_y), two_way=False.
        size: rows kept of each modality.
        dimension: D.
    """

    x: Tensor
    y: Tensor
    labels: Tensor
    written: Tensor

    def __init__(self, loss: nn.Module, size: int, dimension: int) -> None:
        super().__init__()
        if getattr(loss, 'two_way', True):
            raise InputError(
                'loss', type(loss).__name__, 'a one-way loss', 'build it with two_way=False'
            )
        self.loss, self.size = loss, size
        self.two_way = True
        self.register_buffer('x', torch.zeros(size, dimension))
        self.register_buffer('y', torch.zeros(size, dimension))
        self.register_buffer('labels', torch.zeros(size, dtype=torch.long))
        self.register_buffer('written', torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
        """(B, D), (B, D) partners, (B,) int -> scalar; the batch is then remembered."""
        filled = min(int(self.written), self.size)
        known = torch.cat([labels, self.labels[:filled]])
        past = (kept[:filled].to(x.dtype) for kept in (self.y, self.x))
        candidates = [torch.cat([rows, old]) for rows, old in zip((y, x), past, strict=True)]
        loss: Tensor = self.loss(x, candidates[0], labels, known)
        loss = 0.5 * (loss + self.loss(y, candidates[1], labels, known))
        if self.training:
            self._remember(x.detach(), y.detach(), labels)
        return loss

    def _remember(self, x: Tensor, y: Tensor, labels: Tensor) -> None:
        """Write the batch over the oldest rows."""
        x, y, labels = x[-self.size :], y[-self.size :], labels[-self.size :]
        places = (self.written + torch.arange(len(x), device=x.device)) % self.size
        self.x[places] = x.to(self.x.dtype)
        self.y[places] = y.to(self.y.dtype)
        self.labels[places] = labels
        self.written += len(x)
