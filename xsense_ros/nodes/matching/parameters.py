# SPDX-License-Identifier: Apache-2.0
"""The table of the matching node's parameters: it declares, documents and checks each of them."""

from __future__ import annotations

import math
from typing import Any

from xsense_ros.matching.seeker import SeekOptions
from xsense_ros.names import MATCHER_BUNDLE
from xsense_ros.nodes.parameter_spec import (
    INACTIVE,
    UNCONFIGURED,
    Check,
    ParameterSpec,
    names,
    one_of,
    share_or_default,
)
from xsense_ros.nodes.shared_parameters import INFERENCE, PROCESS, STAMP_TOLERANCE
from xsense_ros.senses.camera import NATIVE_ENCODINGS
from xsense_ros.senses.infrared import PALETTES

AUTO = 'auto'
MAPPINGS = ('same', 'homography', 'cameras')
_SEARCH = SeekOptions()


def _numbers(count: int, meaning: str) -> Check:
    def check(values: Any) -> str:
        good = len(values) == count and all(math.isfinite(value) for value in values)
        return '' if good else f'{count} finite numbers: {meaning}'

    return check


def _name(value: Any) -> str:
    return names([value])


def _shares(values: Any) -> str:
    good = bool(values) and all(0.1 <= value <= 10.0 for value in values)
    return '' if good else 'at least one number, each 0.1 to 10.0'


PARAMETERS: tuple[ParameterSpec, ...] = (
    ParameterSpec(
        'bundle',
        MATCHER_BUNDLE,
        'Model bundle of the matcher, by name or path.',
        UNCONFIGURED,
        check=_name,
    ),
    *INFERENCE,
    ParameterSpec(
        'max_templates',
        8,
        'Most templates that are looked for at once; each costs a search a frame.',
        limits=(1, 64),
    ),
    ParameterSpec(
        'mapping',
        'same',
        'From visible to infrared pixels: same (aligned frames of one size), homography, '
        'or cameras (both CameraInfo topics).',
        check=one_of(*MAPPINGS),
    ),
    ParameterSpec(
        'homography',
        [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        'Matrix from visible to infrared pixels, row by row, for mapping homography.',
        check=_numbers(9, 'a 3 x 3 matrix, row by row'),
    ),
    ParameterSpec(
        'cameras.translation',
        [0.0, 0.0, 0.0],
        "Origin of the visible camera in the infrared camera's optical frame [m].",
        check=_numbers(3, 'x, y, z'),
    ),
    ParameterSpec(
        'cameras.rotation',
        [0.0, 0.0, 0.0, 1.0],
        "Rotation from the visible camera's optical frame to the infrared one's, as a quaternion.",
        check=_numbers(4, 'x, y, z, w'),
    ),
    ParameterSpec(
        'cameras.depth',
        5.0,
        'Distance at which things are taken to be, for mapping cameras [m].',
        limits=(0.05, 100000.0),
    ),
    ParameterSpec(
        'pair_tolerance',
        0.05,
        'Most that the stamps of a visible and an infrared frame of one instant differ [s].',
        limits=(0.0, 60.0),
    ),
    ParameterSpec(
        'stale_after',
        1.0,
        'Infrared frames older than this when they arrive are refused [s]; 0: none is.',
        limits=(0.0, 3600.0),
    ),
    ParameterSpec(
        'visible.frames',
        10,
        'Visible frames that are kept, to be paired with infrared ones that come later.',
        INACTIVE,
        (1, 100),
    ),
    ParameterSpec(
        'infrared.encoding',
        AUTO,
        'Encoding of the raw infrared frames where the driver names a wrong one; '
        'auto: as the message says.',
        check=one_of(AUTO, *sorted(NATIVE_ENCODINGS)),
    ),
    ParameterSpec(
        'infrared.palette',
        '',
        "Palette of infrared frames in colour, which are turned back into values; '': grey.",
        check=one_of('', *PALETTES),
    ),
    ParameterSpec(
        'infrared.celsius_scale',
        0.0,
        'Degrees Celsius of one count; 0: counts are not temperatures.',
        limits=(-1000.0, 1000.0),
    ),
    ParameterSpec(
        'infrared.celsius_offset',
        0.0,
        'Degrees Celsius at count 0.',
        limits=(-10000.0, 10000.0),
    ),
    ParameterSpec(
        'infrared.freeze_seconds',
        2.0,
        'A picture that does not change is a flat-field correction: refused, and reported as a '
        'fault when it lasts longer than this [s]; 0: looked at like any other.',
        limits=(0.0, 60.0),
    ),
    ParameterSpec(
        'infrared.silent_seconds',
        3.0,
        'A camera that has fallen silent for so long is reported [s].',
        limits=(0.1, 60.0),
    ),
    ParameterSpec(
        'infrared.max_rate',
        0.0,
        'Most infrared frames searched a second [Hz]; 0: as many as the machine can.',
        limits=(0.0, 1000.0),
    ),
    ParameterSpec(
        'search.prior',
        _SEARCH.prior,
        'How much the middle of the window is preferred while a thing is followed.',
        limits=(0.0, 0.99),
    ),
    ParameterSpec(
        'search.tiles_per_frame',
        _SEARCH.tiles_per_frame,
        'Most tiles of one frame that are searched for a thing that is lost; 0: all of them.',
        limits=(0, 10000),
    ),
    ParameterSpec(
        'search.lost_after',
        _SEARCH.lost_after,
        'Frames in a row without the thing after which it is lost, and looked for in tiles.',
        limits=(1, 10000),
    ),
    ParameterSpec(
        'search.min_probability',
        -1.0,
        'Least probability of a thing that is found; -1: calibrated by the bundle.',
        limits=(-1.0, 1.0),
        check=share_or_default,
    ),
    ParameterSpec(
        'search.scales',
        list(_SEARCH.scales),
        'Shares of the expected size in which a thing that is lost is looked for.',
        check=_shares,
    ),
    STAMP_TOLERANCE,
    *PROCESS,
)
