# SPDX-License-Identifier: Apache-2.0
"""Makes the files of one object; the work that processes share."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_input import SoundInput
from xsense_training.touch_sim import impact_sound, layout
from xsense_training.touch_sim.objects import Thing, make_thing
from xsense_training.touch_sim.patches import DEPTH_MM, draw_press
from xsense_training.touch_sim.press import simulate
from xsense_training.touch_sim.sensor_unit import SensorUnit
from xsense_training.touch_sim.views import render_view

# Sensors that training may see, and others that measure what a swap costs.
UNITS, UNSEEN_UNITS = 12, 4
_UNSEEN_EVERY = 8  # one instance in so many is felt by an unseen unit
_JPEG_QUALITY = 92
_VIEW, _TOUCH, _SOUND = range(3)  # streams of random numbers
# What the shipped bundle's tower 'impact' hears.
SPECTROGRAM: dict[str, Any] = {'sample_rate': 16000, 'seconds': 1.0, 'mels': 64, 'level': 'rms'}


@dataclass(frozen=True)
class Order:
    """What to make; the same for all objects of a set."""

    seed: int
    instances: int
    size: int
    folder: Path
    root: Path


@lru_cache(maxsize=UNITS + UNSEEN_UNITS)
def sensor(unit: int) -> SensorUnit:
    """The simulated sensor of that number."""
    return SensorUnit.draw(unit)


def single_thread() -> None:
    """Keeps every library in one thread: processes share the cores, and sums keep their order."""
    threadpool_limits(1)
    cv2.setNumThreads(1)


def make_object(order: Order, number: int) -> None:
    """Writes all files of object `number` (from 0); a finished object has its part in PARTS.

    Files are written in a hidden folder first, so that a run that was killed leaves no half
    object behind.

    Raises:
        InputError: a data set is not fetched, or the disk refuses.
    """
    name = str(number + 1)
    thing = make_thing(number, order.seed, order.root)
    modes = impact_sound.modes_of(thing)
    work = order.folder / layout.PARTS / f'{name}.work'
    shutil.rmtree(work, ignore_errors=True)
    for sense in layout.SENSES:
        (work / sense).mkdir(parents=True)
    instances = {
        str(instance + 1): _make_instance(order, thing, modes, instance, work)
        for instance in range(order.instances)
    }
    for sense in layout.SENSES:
        target = order.folder / sense / name
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(exist_ok=True)
        (work / sense).rename(target)
    part = {'object': thing.description(), 'instances': instances}
    layout.write_json(order.folder / layout.PARTS / f'{name}.json', part)
    shutil.rmtree(work)


def finished(folder: Path, number: int) -> dict[str, Any] | None:
    """What was drawn for a finished object, None if it is not."""
    path = folder / layout.PARTS / f'{number + 1}.json'
    if not path.is_file():
        return None
    part: dict[str, Any] = json.loads(path.read_text('utf-8'))
    return part


def draw_unit(thing: Thing, instance: int) -> tuple[int, bool]:
    """Sensor of an instance, and whether it is one that training never sees."""
    generator = thing.generator(0, 9)
    first = int(generator.integers(_UNSEEN_EVERY))
    unseen = instance % _UNSEEN_EVERY == first
    own = thing.generator(instance, 8)
    unit = UNITS + int(own.integers(UNSEEN_UNITS)) if unseen else int(own.integers(UNITS))
    return unit, unseen


def _make_instance(
    order: Order, thing: Thing, modes: impact_sound.Modes, instance: int, work: Path
) -> dict[str, Any]:
    """Writes one view, one touch and one knock; returns what was drawn."""
    name = str(instance + 1)
    picture, camera = render_view(thing, thing.generator(instance, _VIEW), order.size)
    _write(work / 'vision' / f'{name}.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    unit, unseen = draw_unit(thing, instance)
    frame, contact = _touch(thing, instance, unit)
    write_frame(work / 'touch' / f'{name}.png', frame)
    sound, knock = impact_sound.render_impact(thing, modes, thing.generator(instance, _SOUND))
    rate = impact_sound.SAMPLE_RATE
    soundfile.write(work / 'audio' / f'{name}.flac', sound, rate, subtype='PCM_16')
    heard = Waveform(sound[: round(SPECTROGRAM['seconds'] * rate)], rate)
    spectrogram = _sound_input()(heard)['log_mel'][0, 0]
    np.save(work / 'audio_spectrogram' / f'{name}.npy', spectrogram)
    return {'unit': unit, 'unseen_unit': unseen, 'camera': camera, 'knock': knock, **contact}


def _touch(thing: Thing, instance: int, unit: int) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Raw frame of one press, and what was drawn."""
    generator = thing.generator(instance, _TOUCH)
    depth = float(generator.uniform(*DEPTH_MM))
    pose, heights = draw_press(thing, depth, generator)
    frame = simulate(heights, depth, sensor(unit), generator)
    return frame, {
        'depth_mm': round(depth, 4),
        'theta': round(pose.theta, 5),
        'phi': round(pose.phi, 5),
        'point_mm': [round(float(value), 3) for value in pose.point],
        'normal': [round(float(value), 5) for value in pose.normal],
    }


def write_frame(path: Path, frame: NDArray[np.uint8]) -> None:
    """Writes an RGB picture without loss."""
    _write(path, frame, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def _write(path: Path, picture: NDArray[np.uint8], options: list[int]) -> None:
    # Unlike imwrite, which only returns False, this raises where the disk is full.
    path.write_bytes(cv2.imencode(path.suffix, picture[..., ::-1], options)[1].tobytes())


@lru_cache(maxsize=1)
def _sound_input() -> SoundInput:
    return SoundInput(**SPECTROGRAM)
