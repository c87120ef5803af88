# SPDX-License-Identifier: Apache-2.0
"""Takes carry no cue in level, length or course of loudness - made ones, and the real renders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform
from xsense_training.baselines.controls import sound_controls
from xsense_training.data import audio_visual_sounds as sounds
from xsense_training.data.audio_visual_folds import read_folds

RATE = sounds.RATE


def _tone(decay: float) -> np.ndarray:
    t = np.arange(round(sounds.SECONDS * RATE)) / RATE
    return (np.sin(2 * np.pi * 440 * t) * np.exp(-decay * t)).astype(np.float32)


def test_a_sound_that_dies_away_and_one_that_swells_end_with_the_same_numbers() -> None:
    late = {}
    for name, wave in (('dies', _tone(1.5)), ('swells', _tone(1.5)[::-1].copy())):
        cues = np.array(
            [
                sound_controls(sounds.equalise_course(wave, np.random.default_rng(i)), RATE)
                for i in range(12)
            ]
        )
        assert np.allclose(cues[:, 0], sounds.SECONDS, atol=0.15)
        assert np.allclose(cues[:, 1], 20 * np.log10(sounds.LEVEL), atol=0.5)
        late[name] = cues[:, 3].mean()
    before = sound_controls(_tone(1.5), RATE)[3]
    assert before < -10
    # The same twelve courses on both: what is left of 12 dB either way.
    assert abs(late['dies'] - late['swells']) < 1.5


def test_a_take_has_its_length_and_level_and_a_silence_stays_one() -> None:
    found = sounds.setting(2, 5)
    take = sounds.take(_tone(1.0), found, np.random.default_rng(0))
    assert take.shape == (round(sounds.SECONDS * RATE),) and take.dtype == np.float32
    assert np.sqrt(np.mean(take**2)) == pytest.approx(sounds.LEVEL, rel=1e-3)
    assert not sounds.equalise_course(np.zeros(64000, np.float32), np.random.default_rng(0)).any()


def test_a_short_recording_is_repeated_and_a_long_one_cut() -> None:
    rng = np.random.default_rng(0)
    noise = np.random.default_rng(1).normal(0, 0.1, 6 * RATE).astype(np.float32)
    short = sounds.excerpt(Waveform(noise[: RATE // 2], RATE), rng)
    assert len(short) == round(sounds.SECONDS * RATE)
    assert (np.abs(short[-RATE // 4 :]) > 0).any()
    assert len(sounds.excerpt(Waveform(noise, RATE), rng)) == len(short)


def test_rooms_differ_and_begin_with_the_direct_sound() -> None:
    first, second = sounds.room_response(0), sounds.room_response(7)
    assert first[0] == 1.0 and second[0] == 1.0
    assert not np.array_equal(first[1:500], second[1:500])
    assert np.array_equal(first, sounds.room_response(0))


def test_melodies_keep_to_the_tonics_of_their_fold() -> None:
    for fold in range(5):
        found = sounds.setting(fold, 0)
        notes = sounds.melody(40, found, np.random.default_rng(fold))
        assert notes[0].key % sounds.TONICS == fold


def test_real_takes_are_equal_in_length_level_and_course(real_root: Path) -> None:
    from xsense_training.data.audio_visual import class_groups, load_audio_visual
    from xsense_training.data.sound import load_sound

    folder = real_root / 'cache' / 'audio-visual'
    if not folder.is_dir():
        pytest.skip('no rendered takes: run xsense-train fit tnn-c-cca once')
    try:
        found = load_audio_visual(real_root)
    except InputError as error:
        pytest.skip(str(error))
    assert set(found.classes) <= set(class_groups())
    chosen = found.takes[::11]
    cues = np.array([sound_controls(load_sound(t.clip).samples, RATE) for t in chosen])
    label = np.array([t.label for t in chosen])
    assert np.abs(cues[:, 0] - sounds.SECONDS).max() < 0.2
    assert np.abs(cues[:, 1] - 20 * np.log10(sounds.LEVEL)).max() < 1.0
    # Of the variance of the late-to-early level, classes explain what chance would.
    late = cues[:, 3]
    means = np.array([late[label == c].mean() for c in np.unique(label)])
    counts = np.array([(label == c).sum() for c in np.unique(label)])
    explained = float(
        (counts * (means - late.mean()) ** 2).sum() / ((late - late.mean()) ** 2).sum()
    )
    by_chance = (len(means) - 1) / (len(late) - 1)
    assert explained < 2.5 * by_chance
    assert set(read_folds()['recordings']) == {t.unit for t in found.takes}
