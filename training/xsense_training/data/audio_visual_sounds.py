# SPDX-License-Identifier: Apache-2.0
"""Takes of a recording whose level, length and course of loudness say nothing about its source.

Such numbers tell rendered instruments apart better than their timbre does (a bell rings out, an
organ does not), and a model that learned them would know nothing about a real one. So every take
lasts SECONDS, its loudness is made even over time and then given a random course, the same for
all sources; room and microphone are synthetic and belong to one fold each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from xsense_ros.senses.microphone import Waveform, resample
from xsense_training.data.soundfont import Note, key_range

Samples = NDArray[np.float32]
RATE = 32000
SECONDS = 2.0
LEVEL = 0.05
ROOMS = 6  # a fold; as many microphones
TONICS = 5  # a fold plays in every fifth key
# Change with anything that changes the samples: it is part of the names in the cache.
VERSION = 1
_COUNT = round(SECONDS * RATE)
_EVEN_SECONDS = 0.2
_MOST_GAIN = 10 ** (35 / 20)
_COURSE_DB = 12.0
_COURSE_KNOTS = 5
_FADE = 0.005

# One of each kind per fold: repeated notes, steps, broken chords and chords. All keep sounding:
# an instrument that dies away is struck again.
PHRASES: tuple[tuple[tuple[tuple[int, ...], ...], ...], ...] = (
    (
        ((0,),) * 6,
        ((0,), (2,), (4,), (5,), (7,), (5,), (4,), (2,)),
        ((0,), (4,), (7,), (12,), (7,), (4,)),
        ((0, 4, 7),) * 5,
    ),
    (
        ((0,),) * 8,
        ((7,), (5,), (4,), (2,), (0,), (2,), (4,)),
        ((12,), (7,), (4,), (0,), (4,), (7,), (12,)),
        ((0, 5, 9),) * 6,
    ),
    (
        ((0,),) * 5,
        ((0,), (2,), (3,), (5,), (7,), (8,), (7,)),
        ((0,), (3,), (7,), (10,), (12,), (10,)),
        ((0, 3, 7),) * 7,
    ),
    (
        ((0,),) * 7,
        ((4,), (2,), (0,), (2,), (4,), (4,), (4,), (2,)),
        ((0,), (7,), (4,), (7,), (0,), (7,), (4,)),
        ((0, 7), (2, 9), (4, 11), (2, 9), (0, 7)),
    ),
    (
        ((0,),) * 10,
        ((0,), (1,), (3,), (5,), (6,), (8,), (10,), (12,)),
        ((0,), (5,), (9,), (12,), (9,)),
        ((0, 4, 9),) * 4,
    ),
)


@dataclass(frozen=True)
class Setting:
    """What a take is played and heard in; no two folds share any of it.

    tonic: key modulo TONICS; phrase: (fold, kind) in PHRASES; room and microphone: seeds.
    """

    tonic: int
    phrase: tuple[int, int]
    room: int
    microphone: int


def setting(fold: int, take: int) -> Setting:
    """The setting of take number `take` in a fold."""
    return Setting(
        tonic=fold,
        phrase=(fold, take % len(PHRASES[fold])),
        room=fold * ROOMS + take % ROOMS,
        microphone=fold * ROOMS + (take * 5 + 2) % ROOMS,
    )


def melody(program: int, found: Setting, rng: np.random.Generator) -> list[Note]:
    """Notes that a General MIDI program plays in a setting."""
    low, high = key_range(program)
    keys = [key for key in range(low, high) if key % TONICS == found.tonic]
    key = int(rng.choice(keys))
    fold, kind = found.phrase
    steps = PHRASES[fold][kind]
    length = SECONDS / len(steps)
    velocity = rng.uniform(60, 115)
    return [
        Note(
            key + interval,
            int(np.clip(velocity + rng.uniform(-10, 10), 1, 127)),
            index * length,
            length * float(rng.uniform(0.7, 1.0)),
        )
        for index, chord in enumerate(steps)
        for interval in chord
    ]


def excerpt(waveform: Waveform, rng: np.random.Generator) -> Samples:
    """SECONDS of a recording without its silence at RATE, repeated where it is shorter."""
    x = resample(waveform, RATE).samples
    heard = np.flatnonzero(np.abs(x) > 0.02 * np.abs(x).max(initial=0.0))
    if len(heard) == 0:
        return np.zeros(_COUNT, np.float32)
    x = x[heard[0] : heard[-1] + 1]
    if len(x) > _COUNT:
        starts = np.arange(0, len(x) - _COUNT + 1, RATE // 20)
        energy = np.concatenate([[0.0], np.cumsum(np.square(x, dtype=np.float64))])
        inside = energy[starts + _COUNT] - energy[starts] + 1e-12
        start = int(rng.choice(starts, p=inside / inside.sum()))
        return x[start : start + _COUNT]
    pause = np.zeros(round(float(rng.uniform(0.02, 0.1)) * RATE), np.float32)
    period = np.concatenate([x, pause])
    return np.tile(period, -(-_COUNT // len(period)))[:_COUNT]


def take(dry: Samples, found: Setting, rng: np.random.Generator) -> Samples:
    """The sound in the room and microphone of its setting, equalised: (N,) -> (_COUNT,)."""
    x = _in_room(dry, found.room)
    return equalise_course(_through(x, found.microphone)[:_COUNT], rng)


def equalise_course(x: Samples, rng: np.random.Generator) -> Samples:
    """Even loudness, then a random course of it; same fades, same root-mean-square LEVEL.

    Loudness is the root mean square over 0.2 s, so that whatever is faster (beats, syllables,
    the stroke of a key) stays; gains above 35 dB are not given, so that noise is not raised
    where a sound has ended.
    """
    width = round(_EVEN_SECONDS * RATE)
    window = np.hanning(width + 2)[1:-1]
    # Samples beyond the ends count as absent, not as silent.
    power = _smooth(np.square(x, dtype=np.float64), window) / _smooth(np.ones(len(x)), window)
    loudness = np.sqrt(np.maximum(power, 0.0))
    peak = float(loudness.max(initial=0.0))
    if peak <= 0:
        return np.zeros(_COUNT, np.float32)
    even = x / np.maximum(loudness, peak / _MOST_GAIN)
    knots = rng.uniform(-_COURSE_DB, 0.0, _COURSE_KNOTS)
    course = np.interp(np.linspace(0, 1, len(x)), np.linspace(0, 1, _COURSE_KNOTS), knots)
    y = even * 10 ** (course / 20)
    ramp = np.linspace(0.0, 1.0, round(_FADE * RATE))
    y[: len(ramp)] *= ramp
    y[-len(ramp) :] *= ramp[::-1]
    gain = min(LEVEL / float(np.sqrt(np.mean(np.square(y)))), 0.99 / float(np.abs(y).max()))
    clip = np.zeros(_COUNT, np.float32)
    clip[: len(y)] = y * gain
    return clip


def room_response(room: int) -> Samples:
    """Impulse response of a synthetic room: direct sound, early reflections, decaying noise.

    Reverberation time 0.15 to 0.7 s, direct sound 2 to 15 dB above the reverberation.
    """
    rng = np.random.default_rng([1, room])
    seconds = float(rng.uniform(0.15, 0.7))
    t = np.arange(round(seconds * RATE)) / RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / seconds)
    tail[: round(0.005 * RATE)] = 0.0
    for moment in rng.integers(round(0.003 * RATE), round(0.03 * RATE), 5):
        tail[moment] += float(rng.normal(0, 8))
    tail *= 10 ** (-float(rng.uniform(2, 15)) / 20) / max(float(np.linalg.norm(tail)), 1e-9)
    tail[0] = 1.0
    return np.asarray(tail, dtype=np.float32)


def _in_room(x: Samples, room: int) -> Samples:
    return np.asarray(fftconvolve(x, room_response(room))[: len(x)], dtype=np.float32)


def _through(x: Samples, microphone: int) -> Samples:
    """A smooth random frequency response of up to 8 dB either way."""
    rng = np.random.default_rng([2, microphone])
    spectrum = np.fft.rfft(x)
    hertz = np.maximum(np.fft.rfftfreq(len(x), 1 / RATE), 30.0)
    knots = np.log2(np.geomspace(60, RATE / 2, 7))
    gain = np.interp(np.log2(hertz), knots, rng.uniform(-8, 8, len(knots)))
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain / 20), len(x)), dtype=np.float32)


def _smooth(x: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(fftconvolve(x, window / window.sum(), mode='same'))
