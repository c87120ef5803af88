# SPDX-License-Identifier: Apache-2.0
"""What the robot's finger feels and its contact microphone hears, one thing after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from xsense_training.sample_recording import scenario
from xsense_training.sample_recording.bag import Record, truth_record
from xsense_training.sample_recording.messages import compressed_fields, sound_fields
from xsense_training.sample_recording.room_sound import RATE, to_s16le
from xsense_training.sample_recording.touched import LEAST_DEPTH_MM, SENSORS, TouchedThing, rest

FRAME_SECONDS = 0.2
# How deep the finger is, as a share of the depth of its touch: it comes, stays and goes.
_APPROACH = (0.5, 1.0, 1.0, 0.7)
_DEPTH_MM = (LEAST_DEPTH_MM, 2.0)
_REST_FRAMES = 20  # before the first touch of a sensor: twice what a background is learnt from
_FIRST_KNOCK = 1.2  # seconds after the beginning of a touch
_CHUNK_SECONDS = 0.1
_EARLY = RATE // 20  # the robot's own onset may lie before ours by some milliseconds
_LEVEL = 0.5  # of a knock, of full scale
_NOISE = 1.0 / 2**15  # standard deviation, of full scale

Truth = Callable[[str], str]


def touches(
    things: Sequence[TouchedThing], truth: Truth, rng: np.random.Generator
) -> Iterator[Record]:
    """JPEG frames of one sensor, and of another that takes its place after half of the things.

    Args:
        things: touched one after the other.
        truth: id of the item of a thing, or what stands for none.
        rng: of depths and noise.
    """
    kind = scenario.STREAMED['touch']
    count = 0

    def frame(serial: str, thing: TouchedThing | None, depth_mm: float) -> Record:
        nonlocal count
        stamp = round(count * FRAME_SECONDS * 1e9)
        rgb = rest(serial, rng) if thing is None else thing.press(serial, depth_mm, rng)
        count += 1
        fields = compressed_fields(rgb)
        return Record(stamp + 8_000_000, '/touch/compressed', stamp, serial, fields)

    yield truth_record('touch', 0, scenario.NOTHING, kind)
    for index, thing in enumerate(things):
        serial = _sensor_of(index, len(things))
        if index == 0 or serial != _sensor_of(index - 1, len(things)):
            for _ in range(_REST_FRAMES):
                yield frame(serial, None, 0.0)
        begin = round(count * FRAME_SECONDS * 1e9)
        depth = float(rng.uniform(*_DEPTH_MM))
        yield truth_record('touch', begin, truth(thing.key), kind)
        for share in _APPROACH:
            yield frame(serial, thing, share * depth)
        end = round(count * FRAME_SECONDS * 1e9)
        yield truth_record('touch', end, scenario.NOTHING, kind)
        for _ in range(_frames_a_touch() - len(_APPROACH)):
            yield frame(serial, None, 0.0)


def knocks(
    things: Sequence[TouchedThing], truth: Truth, rng: np.random.Generator
) -> Iterator[Record]:
    """Chunks of a contact microphone, in which every thing is knocked on once.

    Args:
        things: knocked on one after the other.
        truth: id of the item of a thing, or what stands for none.
        rng: of levels and noise.
    """
    kind = scenario.STREAMED['impact']
    places = [round((begin + _FIRST_KNOCK) * RATE) for begin in _begins(len(things))]
    track = rng.normal(0, _NOISE, places[-1] + 2 * RATE)
    yield truth_record('impact', 0, scenario.NOTHING, kind)
    for place, thing in zip(places, things, strict=True):
        sound = thing.knock().samples
        level = _LEVEL * float(rng.uniform(0.5, 1.0)) / float(np.abs(sound).max())
        track[place : place + len(sound)] += level * sound
        begin, end = (at * 10**9 // RATE for at in (place - _EARLY, place + len(sound)))
        yield truth_record('impact', begin, truth(thing.key), kind)
        yield truth_record('impact', end, scenario.NOTHING, kind)
    data = to_s16le(np.asarray(track, np.float32))
    size = 2 * round(_CHUNK_SECONDS * RATE)
    for offset in range(0, len(data), size):
        stamp = offset // 2 * 10**9 // RATE
        fields = sound_fields(data[offset : offset + size], RATE)
        received = stamp + len(fields['data']) // 2 * 10**9 // RATE + 3_000_000
        yield Record(received, '/impact', stamp, 'contact microphone', fields)


def _sensor_of(index: int, count: int) -> str:
    first, second = SENSORS
    return first if index < (count + 1) // 2 else second


def _frames_a_touch() -> int:
    return round(scenario.TOUCH_PERIOD / FRAME_SECONDS)


def _begins(count: int) -> list[float]:
    """When each touch begins, in seconds."""
    swaps = [sum(_sensor_of(i, count) != _sensor_of(i - 1, count) for i in range(1, index + 1))
             for index in range(count)]  # fmt: skip
    frames = [_REST_FRAMES * (1 + s) + index * _frames_a_touch() for index, s in enumerate(swaps)]
    return [number * FRAME_SECONDS for number in frames]
