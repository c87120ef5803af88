# SPDX-License-Identifier: Apache-2.0
"""A small convolutional trunk on log-mel windows whose map keeps its time axis."""

from __future__ import annotations

from torch import Tensor, nn

from xsense_training.models.sound_tower import SoundCnn


class KnockMap(nn.Module):
    """(B, 1, T, M) -> (B, 128, T / 16, M / 16): the blocks of SoundCnn, not yet averaged.

    T and M at least 16. The window is normalised by its own mean and deviation first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cnn = SoundCnn()
        self.channels = self.cnn.features // 2

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, 1, T, M) -> (B, C, T', M')."""
        return self.cnn.map(log_mel)
