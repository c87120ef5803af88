# SPDX-License-Identifier: Apache-2.0
"""A flight with two cameras, visible and infrared, over land that no matcher was trained on.

The ground is the test region of the Landsat scene: real light and real heat of one place at one
moment. The camera flies a round and a bit, sways and climbs a little, so that what it was shown
leaves the picture and comes back, elsewhere, turned by some degrees and of another size.

What is looked for is marked as an operator would, who sees visible light alone: three boxes, shown
at equal distances of the flight, each where the middle of its visible frame has most structure in
two directions (Shi and Tomasi, "Good features to track", CVPR 1994), by a rule and not by what a
matcher finds. The round lies over the south of the region, since most of the north is a lake
without any contrast.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.data.infrared import moved_box
from xsense_training.data.landsat import CONTRAST
from xsense_training.data.registered_pair import Box, RegisteredPair, grey
from xsense_training.data.structure import structure
from xsense_training.sample_recording.bag import Record, truth_record
from xsense_training.sample_recording.messages import compressed_fields, heat_fields

WIDTH, HEIGHT = 256, 192  # of both cameras
FRAMES = 36
FRAME_SECONDS, FIRST = 1.25, 2.0
LATER = 0.006  # seconds, by which the infrared camera looks later than the visible one
# Visible to infrared pixels: the infrared camera's lens is longer, and it looks beside.
CAMERAS = np.array([[1.03, 0.0, 6.0], [0.0, 1.03, -8.0], [0.0, 0.0, 1.0]])
# Width and height of what is looked for, and the number of the frame in which it is shown.
TARGETS = {'target 1': (64, 48, 0), 'target 2': (64, 64, 8), 'target 3': (48, 64, 16)}
_ROUND_SECONDS = 34.0
_MIDDLE, _REACH = (248.0, 1040.0), (72.0, 88.0)  # of the round, in pixels of the ground
_SWAY, _CLIMB = 2.5, 0.05  # degrees, share
_EXPOSURE = 2.0  # the satellite's picture is dark
_GRID = 8  # pixels between places where a target may be
# A target counts as there while this share of it is in the frame, and as gone when nothing is.
_THERE = 0.75

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Target:
    name: str
    box: Box
    frame: int


def flight(ground: RegisteredPair) -> Iterator[Record]:
    """JPEG frames and infrared frames, the boxes to look for, and where they are.

    /truth/template names a box [x, y, width, height] in the visible frame of the same stamp. From
    the next infrared frame on, /truth/match says for each of them where it is in the infrared
    frame of that stamp, '' where it is not in it, and nothing while it is cut by the edge. The
    name of the target is the frame_id of both.

    Args:
        ground: the test region of the Landsat scene.

    Raises:
        InputError: a ground that is too small, or without contrast in a frame with a target.
    """
    _check(ground)
    visible, infrared = ground.visible.astype(np.float32), ground.infrared.astype(np.float32)
    targets = [
        _Target(name, _place(ground, width, height, frame), frame)
        for name, (width, height, frame) in TARGETS.items()
    ]
    for number in range(FRAMES):
        seconds = FIRST + number * FRAME_SECONDS
        stamp, later = round(seconds * 1e9), round((seconds + LATER) * 1e9)
        for target in targets:
            if target.frame == number:
                yield truth_record('template', stamp, json.dumps(target.box), target.name)
            truth = _truth(target, number)
            if target.frame < number and truth is not None:
                yield truth_record('match', later, truth, target.name)
        rgb = _seen(visible, _visible(seconds)) * _EXPOSURE
        fields = compressed_fields(np.rint(rgb).clip(0, 255).astype(np.uint8))
        yield Record(stamp + 12_000_000, '/visible/image/compressed', stamp, 'visible', fields)
        counts = _seen(infrared, _infrared(seconds + LATER))
        fields = heat_fields(np.rint(counts).astype(np.uint8))
        yield Record(later + 9_000_000, '/infrared/image/compressed', later, 'infrared', fields)


def cameras_file() -> str:
    """The parameters of the node that say how the two cameras look: a ROS 2 parameter file."""
    numbers = ', '.join(str(float(number)) for number in CAMERAS.ravel())
    return _CAMERAS_FILE.format(numbers)


_CAMERAS_FILE = """\
# How the infrared camera of the recording looks, beside the visible one: visible to infrared
# pixels, as for ground that lies flat below both.
matching:
  ros__parameters:
    mapping: homography
    homography: [{}]
"""


def _check(ground: RegisteredPair) -> None:
    """InputError where a frame would reach beyond the ground."""
    corners = np.array([[[0, 0], [WIDTH, 0], [0, HEIGHT], [WIDTH, HEIGHT]]], np.float64)
    for number in range(FRAMES):
        seconds = FIRST + number * FRAME_SECONDS
        for matrix in (_visible(seconds), _infrared(seconds + LATER)):
            seen = cv2.perspectiveTransform(corners, np.linalg.inv(matrix))[0]
            if (seen < 0).any() or (seen > ground.size).any():
                expected = f'one around {np.rint(seen).tolist()}'
                cure = 'fly elsewhere: _MIDDLE and _REACH of flight.py'
                raise InputError('ground of the flight', ground.size, expected, cure)


def _place(ground: RegisteredPair, width: int, height: int, frame: int) -> Box:
    """The box around the middle half of a visible frame that has most structure there.

    Both bands vary in it, as in the targets of data/landsat.py.
    """
    matrix = _visible(FIRST + frame * FRAME_SECONDS)
    seen, heat = (_seen(image, matrix) for image in (grey(ground.visible), grey(ground.infrared)))
    best, found = -1.0, None
    for x, y in product(_starts(WIDTH, width), _starts(HEIGHT, height)):
        parts = [band[y : y + height, x : x + width] for band in (seen, heat)]
        strength = structure(parts[0])
        if strength > best and all(part.std() >= CONTRAST for part in parts):
            best, found = strength, (x, y, width, height)
    if found is None:
        expected = f'contrast of {CONTRAST:g}'
        raise InputError('ground of the flight', f'frame {frame}', expected, 'fly elsewhere')
    return found


def _starts(length: int, side: int) -> range:
    """First pixels along an axis of the boxes whose middle is in the middle half of the frame."""
    return range((length // 2 - side) // 2, (3 * length // 2 - side) // 2 + 1, _GRID)


def _truth(target: _Target, number: int) -> str | None:
    """Where a target is in an infrared frame; '' where it is not; None where it is cut."""
    shown = _visible(FIRST + target.frame * FRAME_SECONDS)
    there = _infrared(FIRST + number * FRAME_SECONDS + LATER)
    x, y, width, height = box = moved_box(target.box, there @ np.linalg.inv(shown))
    inside = max(0.0, min(x + width, WIDTH) - max(x, 0.0))
    inside *= max(0.0, min(y + height, HEIGHT) - max(y, 0.0))
    if inside == 0:
        return ''
    if inside < _THERE * width * height:
        return None
    return json.dumps([round(value, 2) for value in box])


def _visible(seconds: float) -> Floats:
    """(3, 3): pixels of the ground to pixels of the visible frame at that time."""
    turn = 2 * math.pi * (seconds - FIRST) / _ROUND_SECONDS
    ground = np.array(_MIDDLE) + np.array(_REACH) * (math.sin(turn), -math.cos(turn))
    angle = math.radians(_SWAY * math.sin(2.4 * turn))
    scale = 1 + _CLIMB * math.sin(1.7 * turn)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[c, s], [-s, c]])
    shift = np.array([WIDTH, HEIGHT]) / 2 - linear @ ground
    return np.vstack([np.column_stack([linear, shift]), [0, 0, 1]])


def _infrared(seconds: float) -> Floats:
    """(3, 3): the same for the infrared frame."""
    return CAMERAS @ _visible(seconds)


def _seen(band: NDArray[np.float32], matrix: Floats) -> NDArray[np.float32]:
    """A band of the ground as a camera sees it, (HEIGHT, WIDTH[, 3]), in its own units."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from pixel centres
    found = cv2.warpPerspective(band, np.linalg.inv(half) @ matrix @ half, (WIDTH, HEIGHT))
    return np.asarray(found, np.float32)
