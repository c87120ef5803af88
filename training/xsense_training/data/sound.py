# SPDX-License-Identifier: Apache-2.0
"""Reads the sound of a concept as a mono waveform."""

from __future__ import annotations

import numpy as np
import soundfile

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform
from xsense_training.data.concept import SoundClip


def load_sound(clip: SoundClip) -> Waveform:
    """The clip at the rate of its file; channels are averaged.

    Returns:
        Waveform with float32 samples (N,) in [-1, 1].

    Raises:
        InputError: the file is missing, unreadable, or the clip lies outside it.
    """
    try:
        with soundfile.SoundFile(clip.path) as file:
            rate = int(file.samplerate)
            start = round(clip.start * rate)
            frames = -1 if clip.seconds is None else round(clip.seconds * rate)
            if not 0 <= start < file.frames:
                raise InputError(
                    'start of the sound clip',
                    clip.start,
                    f'0 to {file.frames / rate:.2f} s in {clip.path.name}',
                    'correct the clip',
                )
            file.seek(start)
            samples = file.read(frames, dtype='float32', always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputError(
            'sound file',
            str(clip.path),
            'a readable OGG, WAV or FLAC',
            'xsense-train data check all',
        ) from error
    # Lossy decoders overshoot full scale a little.
    mono = np.clip(samples.mean(axis=1, dtype=np.float32), -1.0, 1.0)
    return Waveform(np.ascontiguousarray(mono), rate)
