# SPDX-License-Identifier: Apache-2.0
"""Simulated things that no shipped model was trained on: pictures, presses and knocks of them.

They are the test objects of the set touch-sim, drawn anew: no picture, press or knock of the
recording is in the set. The finger that is plugged in first is one of the sensor units that
training has met, the one that replaces it is none of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform
from xsense_training.data.object_folder import SIMULATED
from xsense_training.touch_sim import impact_sound, layout
from xsense_training.touch_sim.objects import Thing, make_thing
from xsense_training.touch_sim.patches import draw_press
from xsense_training.touch_sim.press import simulate
from xsense_training.touch_sim.produce import UNITS, sensor
from xsense_training.touch_sim.views import SIZE, render_view

Image = NDArray[np.uint8]
# Serial of each unit, and its number in the set.
SENSORS = {'GS-0003': 3, 'GS-0112': UNITS}
# Of a touch; the place of each is one that can be felt at this depth.
LEAST_DEPTH_MM = 1.0
# Instances from here on are in no set.
_NEW = 100_000
_VIEW, _PRESS, _KNOCK = range(3)
# Shapes that are drawn from formulas, such as 'ring-7'; all others are meshes of pybullet.
_DRAWN = re.compile(r'([a-z]+)-\d+')
_WORD = re.compile(r'[a-z]{2,}')


@dataclass(frozen=True)
class TouchedThing:
    """A thing for three senses.

    Attributes:
        key: of its object in the set, such as 'touch-sim/15'.
        name: for people.
        author: of what it was made from.
        licence: of that.
        view: makes its picture, RGB uint8 (H, W, 3).
        press: makes a frame of a sensor (its serial) that is pressed into it by so many mm, always
            at the same place; RGB uint8 (240, 320, 3).
        knock: makes the sound of a knock at it; the onset lies 20 ms after its beginning.
    """

    key: str
    name: str
    author: str
    licence: str
    view: Callable[[], Image]
    press: Callable[[str, float, np.random.Generator], Image]
    knock: Callable[[], Waveform]


def rest(serial: str, rng: np.random.Generator) -> Image:
    """A frame of a sensor that touches nothing."""
    return sensor(SENSORS[serial]).background(rng)


def held_out_things(root: Path) -> tuple[TouchedThing, ...]:
    """The test objects of the set touch-sim, in the set's order.

    Args:
        root: data root.

    Raises:
        InputError: the set, or what it is made from, is not there.
    """
    folder = root / SIMULATED
    try:
        seed = int(json.loads((folder / layout.CONFIGURATION).read_text('utf-8'))['seed'])
        tested = json.loads((folder / 'split.json').read_text('utf-8'))['test']
    except (OSError, ValueError, KeyError) as error:
        cure = 'xsense-train data make touch-sim'
        raise InputError(
            'data set', str(folder), f'the set {SIMULATED} ({error!r})', cure
        ) from error
    return tuple(_thing(make_thing(int(name) - 1, seed, root)) for name in sorted(tested, key=int))


def _thing(thing: Thing) -> TouchedThing:
    _, heights = draw_press(thing, LEAST_DEPTH_MM, thing.generator(_NEW, _PRESS))

    def view() -> Image:
        return render_view(thing, thing.generator(_NEW, _VIEW), SIZE)[0]

    def press(serial: str, depth_mm: float, rng: np.random.Generator) -> Image:
        return simulate(heights, depth_mm, sensor(SENSORS[serial]), rng)

    def knock() -> Waveform:
        modes = impact_sound.modes_of(thing)
        sound, _ = impact_sound.render_impact(thing, modes, thing.generator(_NEW, _KNOCK))
        return Waveform(sound, impact_sound.SAMPLE_RATE)

    mesh = thing.shape.name
    own = _DRAWN.fullmatch(mesh)
    author = 'taxim (gel)' if own else 'Bullet contributors (mesh), taxim (gel)'
    licence = 'MIT (gel)' if own else 'Zlib (mesh), MIT (gel)'
    number = thing.number + 1
    name = f'{thing.substance.material} {own[1] if own else _word(mesh)} {number}'
    return TouchedThing(f'{SIMULATED}/{number}', name, author, licence, view, press, knock)


def _word(mesh: str) -> str:
    """A plain word for a mesh: 'mug' of 'objects/mug.obj', 'shape' of 'random_urdfs/683'."""
    word = _WORD.match(Path(mesh).name)
    return word[0] if word else 'shape'


def chosen(things: Sequence[TouchedThing], count: int) -> tuple[TouchedThing, ...]:
    """The first so many; InputError where there are fewer."""
    if len(things) < count:
        raise InputError(
            f'test objects of {SIMULATED}',
            len(things),
            f'at least {count}',
            'xsense-train data make touch-sim, with more --objects',
        )
    return tuple(things[:count])
