# SPDX-License-Identifier: Apache-2.0
"""What a knock tells of a thing, read off its log-mel window: which bands ring, and how long.

A window that begins at the onset has its news early: the level of every band in stretches that
double in length says how it was excited and how it decays, which is what a material sounds like.
No parameters.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from xsense_training.models.sound_timbre import TimbreStatistics

FIRST = 2  # frames of the first two stretches; each later one is twice as long


class KnockStatistics(nn.Module):
    """(B, 1, T, M) -> (B, F): timbre statistics, and band levels in stretches of doubling length.

    Args:
        frames: T, at least 17.
        mels: M, a multiple of 8.
    """

    def __init__(self, frames: int = 100, mels: int = 64) -> None:
        super().__init__()
        self.timbre = TimbreStatistics(frames, mels)
        edges = [0, FIRST]
        while edges[-1] < frames:
            edges.append(min(edges[-1] * 2, frames))
        self.stretches = tuple(pairwise(edges))
        self.features = self.timbre.features + len(self.stretches) * mels

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, F)."""
        x = log_mel.squeeze(1)
        levels = [x[:, start:end].mean(dim=1) for start, end in self.stretches]
        return torch.cat([cast(Tensor, self.timbre(log_mel)), *levels], dim=-1)
