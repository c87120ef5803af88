# SPDX-License-Identifier: Apache-2.0
"""Sound trunks on log-mel windows: (B, 1, T, M) -> (B, F).

`LogMelStatistics` has no parameters and is the strong prior where recordings are few;
`SoundCnn` is a small convolutional network (about 0.2 M parameters) trained on labelled sounds.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

SEGMENTS = 4


class LogMelStatistics(nn.Module):
    """How the bands are distributed and how they move. (B, 1, T, M) -> (B, (4 + SEGMENTS) M).

    Per band: mean, deviation and maximum over time, mean absolute change between frames, and the
    means of SEGMENTS equal parts of the window relative to the whole (attack and decay).
    T must be a multiple of SEGMENTS or at least its size; the last frames beyond are left out.
    """

    def __init__(self, mels: int = 64) -> None:
        super().__init__()
        self.features = (4 + SEGMENTS) * mels

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, F)."""
        x = log_mel.squeeze(1)
        mean = x.mean(dim=1)
        deviation = (x - mean.unsqueeze(1)).square().mean(dim=1).add(1e-8).sqrt()
        change = (x[:, 1:] - x[:, :-1]).abs().mean(dim=1)
        frames = x.shape[1] // SEGMENTS
        parts = [x[:, i * frames : (i + 1) * frames].mean(dim=1) - mean for i in range(SEGMENTS)]
        return torch.cat([mean, deviation, x.amax(dim=1), change, *parts], dim=-1)


class SoundCnn(nn.Module):
    """Four conv blocks, mean and maximum over time. (B, 1, T, M) -> (B, 2 * channels[-1]).

    The window is normalised by its own mean and deviation first, so gain does not matter.
    """

    def __init__(self, channels: tuple[int, ...] = (16, 32, 64, 128)) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        previous = 1
        for width in channels:
            blocks += [
                nn.Conv2d(previous, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.AvgPool2d(2),
            ]
            previous = width
        self.blocks = nn.Sequential(*blocks)
        self.features = 2 * previous

    def map(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, C, T', M'); T and M at least 2 ** number of blocks."""
        centred = log_mel - log_mel.mean(dim=(2, 3), keepdim=True)
        spread = centred.square().mean(dim=(2, 3), keepdim=True).add(1e-6).sqrt()
        return cast(Tensor, self.blocks(centred / spread))

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, F); T and M at least 2 ** number of blocks."""
        y = self.map(log_mel).mean(dim=3)
        return torch.cat([y.mean(dim=2), y.amax(dim=2)], dim=-1)


class SoundTrunk(nn.Module):
    """Statistics beside the CNN's features, each block standardised. (B, 1, T, M) -> (B, F)."""

    def __init__(self, statistics: LogMelStatistics, cnn: SoundCnn | None) -> None:
        super().__init__()
        self.statistics = statistics
        self.cnn = cnn
        self.features = statistics.features + (cnn.features if cnn is not None else 0)

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, F)."""
        features = cast(Tensor, self.statistics(log_mel))
        if self.cnn is None:
            return features
        return torch.cat([features, self.cnn(log_mel)], dim=-1)


class SoundTower(nn.Module):
    """Trunk and head in one model: (B, 1, T, M) -> (B, D) unit vectors."""

    def __init__(self, trunk: SoundTrunk, head: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, D)."""
        return cast(Tensor, self.head(self.trunk(log_mel)))
