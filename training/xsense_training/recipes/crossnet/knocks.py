# SPDX-License-Identifier: Apache-2.0
"""Knocks as the robot hears them: one second that begins 20 ms before the onset."""

from __future__ import annotations

import numpy as np

from xsense_ros.senses.microphone import Waveform, resample
from xsense_ros.senses.sound_input import SoundInput
from xsense_training.data.concept import SoundClip
from xsense_training.data.media import MediaFile
from xsense_training.data.sound import load_sound
from xsense_training.models.knock_statistics import KnockStatistics

RATE, SECONDS, MELS = 16000, 1.0, 64


def impact_input() -> SoundInput:
    """The robot's preprocessing of knocks for these towers."""
    return SoundInput(sample_rate=RATE, seconds=SECONDS, mels=MELS, level='rms')


def impact_trunk() -> KnockStatistics:
    """What a knock is described by; the bundle computes it in front of the head."""
    return KnockStatistics(impact_input().frames, MELS)


def load_knock(file: MediaFile) -> Waveform:
    """The first second of a recording that begins before its onset.

    It is cut here: SoundInput would look for the loudest second and move the onset.
    """
    wave = resample(load_sound(SoundClip(file.path)), RATE)
    return Waveform(np.ascontiguousarray(wave.samples[: round(SECONDS * RATE)]), RATE)
