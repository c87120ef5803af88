# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.data.media import MediaSet
from xsense_training.data.touch_set import TouchSet, touch_file
from xsense_training.touch_sim.unit_traces import unit_traces


def made_set(folder, units: bool = True) -> TouchSet:
    """20 objects of 6 touches on 3 units, whose frames differ by colour and by nothing else."""
    draw = np.random.default_rng(0)
    light = {str(unit): draw.integers(60, 190, (6, 8, 3)) for unit in range(3)}
    light = {
        unit: cv2.resize(small.astype(np.uint8), (64, 48), interpolation=cv2.INTER_LINEAR)
        for unit, small in light.items()
    }
    files, details = [], {}
    for name in range(20):
        for instance in range(6):
            unit = str(int(draw.integers(3)))
            touch = light[unit].astype(int)
            top, left = int(draw.integers(0, 30)), int(draw.integers(0, 40))
            touch[top : top + 18, left : left + 20] += draw.integers(-40, 40, 3)
            path = folder / f'{name}_{instance}.png'
            cv2.imwrite(str(path), np.clip(touch, 0, 255).astype(np.uint8)[..., ::-1])
            files.append(touch_file('touch', str(name), str(instance), path))
            details[files[-1].concept] = {'unit': unit, 'unseen_unit': unit == '2'}
    backgrounds = {}
    for unit, frame in light.items():
        backgrounds[unit] = [folder / f'unit_{unit}.png']
        cv2.imwrite(str(backgrounds[unit][0]), frame[..., ::-1])
    return TouchSet(MediaSet('made', tuple(files)), {}, details if units else {}, backgrounds)


def test_subtraction_removes_what_only_the_unit_has(tmp_path):
    raw, subtracted = unit_traces(made_set(tmp_path))
    assert (raw.picture, subtracted.picture) == ('raw frame', 'minus background')
    assert (raw.frames, raw.units) == (120, 3)
    assert raw.told > 0.9
    assert subtracted.told < raw.chance + 0.25
    assert raw.explained > 5 * subtracted.explained
    assert raw.unseen_shift > 3 * subtracted.unseen_shift


def test_a_set_without_units_is_refused(tmp_path):
    with pytest.raises(InputError, match='sensor unit'):
        unit_traces(made_set(tmp_path, units=False))
