# SPDX-License-Identifier: Apache-2.0
"""Statistics of a log-mel window that follow the timbre more than the tune. No parameters.

`LogMelStatistics` says where in the spectrum there is energy, which is mostly the notes played.
Cepstra, the roughness of the spectrum and the speed of its changes say how a source sounds.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from xsense_training.models.sound_tower import LogMelStatistics

CEPSTRA = 24
GROUPS = 8
# Modulations in cycles per window of the frames, roughly evenly spaced on a log scale.
RATES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
LAGS = (1, 4, 16)


class TimbreStatistics(nn.Module):
    """(B, 1, T, M) -> (B, F): log-mel statistics, cepstra, roughness and modulations.

    Cepstra (DCT-II over the bands, 24): mean, deviation, and mean absolute change over 1, 4 and 16
    frames. Roughness: mean absolute second difference along the bands. Modulations: magnitude of
    12 temporal frequencies of the mean of 8 groups of neighbouring bands.

    Args:
        frames: T, at least 17.
        mels: M, a multiple of 8.
    """

    cosines: Tensor
    waves: Tensor

    def __init__(self, frames: int = 200, mels: int = 64) -> None:
        super().__init__()
        self.bands = LogMelStatistics(mels)
        n = torch.arange(mels, dtype=torch.float64)
        k = torch.arange(1, CEPSTRA + 1, dtype=torch.float64)
        dct = torch.cos(math.pi / mels * (n[:, None] + 0.5) * k[None]) * math.sqrt(2 / mels)
        t = torch.arange(frames, dtype=torch.float64) * 2 * math.pi / frames
        rates = torch.tensor(RATES, dtype=torch.float64)
        waves = torch.cat([torch.cos(rates[:, None] * t), torch.sin(rates[:, None] * t)])
        self.register_buffer('cosines', dct.float(), persistent=False)
        self.register_buffer('waves', (waves * 2 / frames).float(), persistent=False)
        self.features = (
            self.bands.features + CEPSTRA * (2 + len(LAGS)) + mels - 2 + GROUPS * len(RATES)
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, F)."""
        x = log_mel.squeeze(1)
        cepstra = x @ self.cosines
        mean = cepstra.mean(dim=1)
        deviation = (cepstra - mean.unsqueeze(1)).square().mean(dim=1).add(1e-8).sqrt()
        changes = [(cepstra[:, lag:] - cepstra[:, :-lag]).abs().mean(dim=1) for lag in LAGS]
        rough = (x[:, :, 2:] - 2 * x[:, :, 1:-1] + x[:, :, :-2]).abs().mean(dim=1)
        grouped = x.reshape(x.shape[0], x.shape[1], GROUPS, -1).mean(dim=3)
        waves = self.waves @ grouped  # (B, 2 R, G)
        real, imaginary = waves[:, : len(RATES)], waves[:, len(RATES) :]
        speed = (real.square() + imaginary.square()).add(1e-8).sqrt().flatten(1)
        bands = cast(Tensor, self.bands(log_mel))
        return torch.cat([bands, mean, deviation, *changes, rough, speed], dim=-1)
