# SPDX-License-Identifier: Apache-2.0
"""How much a touch picture says about the sensor that took it, before and after subtraction.

What a robot is asked about must not depend on which sensor unit felt it. Two questions are put to
the raw frame and to the frame minus the unit's background (the mean of its frames without
contact, as the robot learns it): can the unit be told from the picture
of an object that was not seen before, and how far do units that never trained lie from those that
did, beside the differences that objects make?
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from xsense_ros.errors import InputError
from xsense_ros.senses.tactile_difference import difference
from xsense_training.data.image import load_image
from xsense_training.data.touch_set import TouchSet

# Mean colours of 3 x 4 parts of the frame: the unit's light shows in them, detail of the object
# does not.
_PARTS = (3, 4)
_RIDGE = 1e-2


@dataclass(frozen=True)
class UnitTraces:
    """Traces of the unit in one kind of picture.

    Attributes:
        picture: 'raw frame' or 'minus background'.
        frames: how many were looked at.
        units: of how many units.
        told: share of frames whose unit is told right by a linear classifier on the mean colours
            of 12 parts, trained on the even objects and asked about the odd ones.
        chance: share of the commonest unit among those asked about.
        explained: share of the variance of those colours that lies between units.
        unseen_shift: root mean square difference of the mean colours of unseen and seen units, in
            standard deviations over the frames of seen units; None without unseen units.
    """

    picture: str
    frames: int
    units: int
    told: float
    chance: float
    explained: float
    unseen_shift: float | None


def unit_traces(touches: TouchSet) -> list[UnitTraces]:
    """Traces of the units in the raw frames and in the differences of a set.

    Args:
        touches: with `unit` and (for the last measure) `unseen_unit` in its details, and a
            background per unit.

    Raises:
        InputError: the set does not say which unit took a frame.
    """
    raw, subtracted, units, objects, unseen = [], [], [], [], []
    backgrounds: dict[str, NDArray[np.uint8]] = {}
    for file in track(touches.of('touch'), description='frames'):
        unit = touches.unit(file)
        if unit is None:
            raise InputError(
                'sensor unit', file.concept, 'its number in instances.json', 'use touch-sim'
            )
        if unit not in backgrounds:
            frames = [load_image(path) for path in touches.backgrounds[unit]]
            backgrounds[unit] = np.rint(np.mean(frames, axis=0)).astype(np.uint8)
        frame = load_image(file.path)
        raw.append(_colours(frame))
        subtracted.append(_colours(difference(frame, backgrounds[unit])))
        units.append(unit)
        objects.append(file.label)
        unseen.append(bool(touches.details[file.concept].get('unseen_unit', False)))
    return [
        _traces(picture, np.array(rows), units, objects, np.array(unseen))
        for picture, rows in (('raw frame', raw), ('minus background', subtracted))
    ]


def _colours(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(36,) mean colours of the parts."""
    small = cv2.resize(picture.astype(np.float32), _PARTS[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small.reshape(-1), np.float64)


def _traces(
    picture: str,
    rows: NDArray[np.float64],
    units: list[str],
    objects: list[str],
    unseen: NDArray[np.bool_],
) -> UnitTraces:
    names, unit_of = np.unique(units, return_inverse=True)
    _, object_of = np.unique(objects, return_inverse=True)
    spread = rows.std(axis=0) + 1e-9
    standard = (rows - rows.mean(axis=0)) / spread
    asked = object_of % 2 == 1
    told = _told(standard[~asked], unit_of[~asked], standard[asked], len(names))
    between = sum(
        (unit_of == unit).sum() * standard[unit_of == unit].mean(axis=0) ** 2
        for unit in range(len(names))
    )
    shift = None
    if unseen.any() and not unseen.all():
        apart = rows[unseen].mean(axis=0) - rows[~unseen].mean(axis=0)
        shift = float(np.sqrt(np.mean((apart / (rows[~unseen].std(axis=0) + 1e-9)) ** 2)))
    return UnitTraces(
        picture,
        len(rows),
        len(names),
        float((told == unit_of[asked]).mean()),
        float(np.bincount(unit_of[asked]).max() / asked.sum()),
        float(np.mean(between / len(rows))),
        shift,
    )


def _told(
    rows: NDArray[np.float64], labels: NDArray[np.intp], asked: NDArray[np.float64], classes: int
) -> NDArray[np.intp]:
    """Labels by ridge regression onto indicators."""
    design = np.column_stack([rows, np.ones(len(rows))])
    wanted = np.eye(classes)[labels]
    ridge = _RIDGE * len(rows) * np.eye(design.shape[1])
    weights = np.linalg.solve(design.T @ design + ridge, design.T @ wanted)
    return np.asarray((np.column_stack([asked, np.ones(len(asked))]) @ weights).argmax(axis=1))
