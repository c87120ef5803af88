# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from xsense_training.data.soundfont import LEVEL, RATE, SECONDS, equalise, phrase


def test_phrases_are_deterministic_and_differ() -> None:
    assert phrase(40, 3, seed=1) == phrase(40, 3, seed=1)
    assert len({tuple(phrase(40, clip)) for clip in range(12)}) == 12
    assert phrase(40, 3, seed=1) != phrase(40, 3, seed=2)


@pytest.mark.parametrize('program', [0, 9, 32, 43, 47, 58, 127])
def test_phrases_are_valid_midi_inside_the_clip(program: int) -> None:
    for clip in range(24):
        for note in phrase(program, clip):
            assert 0 <= note.key <= 127
            assert 1 <= note.velocity <= 127
            assert 0 <= note.start < note.start + note.length <= SECONDS


def test_equalise_aligns_onset_length_and_level() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE * 3) / RATE).astype(np.float32)
    early = equalise(0.02 * tone)
    late = equalise(np.concatenate([np.zeros(RATE // 4, np.float32), 0.9 * tone]))
    assert early.shape == late.shape == (round(SECONDS * RATE),)
    np.testing.assert_allclose(early, late, atol=1e-3)
    assert np.sqrt(np.mean(early**2)) == pytest.approx(LEVEL, rel=1e-3)
    assert abs(early[0]) == 0.0
    assert abs(early[-1]) < 1e-3


def test_equalise_never_passes_full_scale_and_keeps_silence() -> None:
    click = np.zeros(RATE, np.float32)
    click[100:400] = 0.5
    assert np.abs(equalise(click)).max() <= 0.99 + 1e-6
    assert not equalise(np.full(RATE, 1e-4, np.float32)).any()
