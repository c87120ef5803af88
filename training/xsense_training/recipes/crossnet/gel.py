# SPDX-License-Identifier: Apache-2.0
"""Presses of a set of touches, each less the background of its own sensor unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_difference import difference, press_of
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.touch_input import TouchInput
from xsense_training.data.image import load_image
from xsense_training.data.media import MediaFile
from xsense_training.data.touch_set import TouchSet

Image = NDArray[np.uint8]
PROFILE = 'gelsight'
SIZE, FIELD_MM = 96, 14.0
FRAMES = 64  # that stand for the background of a sensor whose background nobody kept


def touch_input() -> TouchInput:
    """The robot's preprocessing of presses for the shipped towers."""
    return TouchInput(SIZE, FIELD_MM)


@dataclass(frozen=True)
class Gel:
    """Sensor units without contact.

    found: the set; background: unit (None where unknown) -> frame; nominal: one for all units,
    their mean over those that training may see.
    """

    found: TouchSet
    background: Mapping[str | None, Image]
    nominal: Image

    @classmethod
    def of(cls, found: TouchSet) -> Gel:
        """From the frames that the set keeps; where it keeps none, the median of some presses.

        One frame has noise and the lamps of its moment: the mean of all is taken, as a robot does.
        """
        strange = {
            str(about.get('unit')) for about in found.details.values() if about.get('unseen_unit')
        }
        frames: dict[str | None, Image] = {
            unit: _mean([load_image(path) for path in paths])
            for unit, paths in found.backgrounds.items()
        }
        if not frames:
            files = found.of('touch')
            chosen = np.linspace(0, len(files) - 1, min(FRAMES, len(files)), dtype=int)
            frames = {None: _middle([load_image(files[i].path) for i in chosen])}
        known = [frame for unit, frame in frames.items() if unit not in strange]
        return cls(found, frames, _mean(known or list(frames.values())))

    def press(self, file: MediaFile) -> Press:
        """The press of a file, as the robot would have it."""
        unit = self.found.unit(file) if self.found.backgrounds else None
        return _press(load_image(file.path), self.background[unit])

    def press_of_any_unit(self, file: MediaFile) -> Press:
        """The same as if all units were one: without their own backgrounds."""
        return _press(load_image(file.path), self.nominal)


def _mean(frames: Sequence[Image]) -> Image:
    return np.asarray(np.rint(np.mean(frames, axis=0)), np.uint8)


def _middle(frames: Sequence[Image]) -> Image:
    """Pixel by pixel the median of frames, brought to the size of the first."""
    height, width = frames[0].shape[:2]
    resized = [cv2.resize(frame, (width, height)) for frame in frames]
    return np.asarray(np.median(resized, axis=0), np.uint8)


def _press(frame: Image, background: Image) -> Press:
    """By the profile of the sensor where the frame has its shape.

    Published sets also keep cropped pictures of a gel, whose scale nobody states: their short
    side counts as the field.
    """
    profile = load_profile(PROFILE)
    rows, columns = frame.shape[:2]
    if background.shape != frame.shape:
        background = np.asarray(cv2.resize(background, (columns, rows)), np.uint8)
    if abs(columns / rows - profile.columns / profile.rows) < 0.01:
        return press_of(frame, background, profile)
    return Press(difference(frame, background), FIELD_MM / min(rows, columns))
