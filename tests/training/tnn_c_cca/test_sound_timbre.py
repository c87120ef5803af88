# SPDX-License-Identifier: Apache-2.0
"""Timbre statistics: recomputed naively, and deaf to gain where they should be."""

from __future__ import annotations

import math

import numpy as np
import torch

from xsense_training.models.sound_timbre import CEPSTRA, GROUPS, LAGS, RATES, TimbreStatistics


def test_every_block_is_what_its_name_says() -> None:
    torch.manual_seed(0)
    trunk = TimbreStatistics(40, 16)
    x = torch.randn(2, 1, 40, 16)
    found = trunk(x)
    assert found.shape == (2, trunk.features)
    window = x[1, 0].double().numpy()
    place = trunk.bands.features
    cepstra = np.array(
        [
            [
                sum(
                    row[n] * math.cos(math.pi / 16 * (n + 0.5) * k) for n in range(16)
                ) * math.sqrt(2 / 16)
                for k in range(1, CEPSTRA + 1)
            ]
            for row in window
        ]
    )  # fmt: skip
    blocks = [cepstra.mean(axis=0), np.sqrt(cepstra.var(axis=0) + 1e-8)]
    blocks += [np.abs(cepstra[lag:] - cepstra[:-lag]).mean(axis=0) for lag in LAGS]
    blocks.append(np.abs(np.diff(window, 2, axis=1)).mean(axis=0))
    groups = window.reshape(40, GROUPS, -1).mean(axis=2)
    spectrum = np.abs(np.fft.fft(groups, axis=0)) * 2 / 40
    wrapped = [rate % 40 for rate in RATES]
    blocks.append(np.sqrt(spectrum[wrapped] ** 2 + 1e-8).ravel())
    assert np.allclose(found[1, place:].numpy(), np.concatenate(blocks), atol=1e-4)


def test_gain_moves_only_the_means_and_maxima_of_the_bands() -> None:
    trunk = TimbreStatistics()
    x = torch.randn(1, 1, 200, 64)
    change = (trunk(x + 3.0) - trunk(x)).abs()[0]
    mels = 64
    expected = torch.zeros(trunk.features, dtype=torch.bool)
    expected[:mels] = expected[2 * mels : 3 * mels] = True
    assert (change[expected] > 2.9).all() and change[~expected].max() < 1e-3
