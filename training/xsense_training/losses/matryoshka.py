# SPDX-License-Identifier: Apache-2.0
"""A loss on nested prefixes of the vectors, so that they may be cut short after training.

Source: Kusupati et al. 2022 (arXiv 2205.13147), equation 1 with equal weights; the mean over
prefixes instead of their sum, so that the value does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_ros.errors import InputError


class Matryoshka(nn.Module):
    """Mean over d of the loss on the first d numbers of every vector, at length one again.

    Args:
        loss: any loss of this package.
        dimensions: sizes at which vectors shall be usable, each at most D.
    """

    def __init__(self, loss: nn.Module, dimensions: Sequence[int]) -> None:
        super().__init__()
        if not dimensions or min(dimensions) < 1:
            raise InputError('dimensions', dimensions, 'sizes of prefixes', 'name at least one')
        self.loss, self.dimensions = loss, tuple(dimensions)
        self.two_way = bool(getattr(loss, 'two_way', True))

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """What the loss takes; vectors (rows, D) are cut, labels (rows,) are handed on."""
        widest = min(t.shape[1] for t in inputs if t is not None and t.ndim == 2)
        if max(self.dimensions) > widest:
            raise InputError(
                'dimensions', self.dimensions, f'at most {widest}', 'leave the larger ones out'
            )
        losses = [
            self.loss(*(_prefix(tensor, size) for tensor in inputs)) for size in self.dimensions
        ]
        return torch.stack(losses).mean()


def _prefix(tensor: Tensor | None, size: int) -> Tensor | None:
    if tensor is None or tensor.ndim < 2:
        return tensor
    return F.normalize(tensor[:, :size], dim=-1)
