# SPDX-License-Identifier: Apache-2.0
"""What is known of a kind of tactile sensor, read from a file: geometry, background, contact.

A profile is a JSON object with the fields of TactileProfile except its name, which is that of the
file. Those of this package lie in ``profiles/``; any other is given by its path.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.tactile_frame import check_frame

BACKGROUNDS = ('learn', 'given')
_FOLDER = Path(__file__).parent / 'profiles'
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# Sizes of one sensor differ by whole binning or scaling; rounding to whole pixels is allowed for.
_ASPECT_TOLERANCE = 0.01
_LEAST_PIXELS = 16  # of rows and columns of the gel in a frame
_CURE = 'correct the profile'


@dataclass(frozen=True)
class TactileProfile:
    """A kind of vision-based tactile sensor.

    Args:
        name: of the profile.
        rows: of the picture that ``crop`` and ``mm_per_pixel`` refer to; a frame of another size
            and the same aspect ratio is understood too.
        columns: likewise.
        crop: (top, left, height, width) of the gel in that picture.
        rotation: 0, 90, 180 or 270 degrees clockwise, applied after the crop.
        mm_per_pixel: on the gel.
        background: 'learn' it from the first frames of each sensor unit, or only as it is 'given'.
        background_frames: how many frames without contact a background is learnt from.
        background_structure_mm2: area of coloured structure that a gel at rest may show
            (``structure_mm2``); more is taken for contact.
        contact_levels: least change of colour (Euclidean, of 255 levels a channel) that may count
            as contact.
        contact_sigmas: the same in standard deviations of the unit's own noise; the larger of
            both counts.
        on_mm2: contact begins with this area.
        off_mm2: contact ends below this area.
        note: where the numbers come from.

    Raises:
        InputError: a value out of range.
    """

    name: str
    rows: int
    columns: int
    crop: tuple[int, int, int, int]
    rotation: int
    mm_per_pixel: float
    background: str
    background_frames: int
    background_structure_mm2: float
    contact_levels: float
    contact_sigmas: float
    on_mm2: float
    off_mm2: float
    note: str = ''

    def __post_init__(self) -> None:
        self._require('rows', 16 <= self.rows <= 8192, '16 to 8192')
        self._require('columns', 16 <= self.columns <= 8192, '16 to 8192')
        top, left, height, width = self.crop
        inside = top >= 0 and left >= 0 and min(height, width) >= _LEAST_PIXELS
        inside = inside and top + height <= self.rows and left + width <= self.columns
        size = f'[top, left, height, width] within {self.rows} x {self.columns}, at least 16 x 16'
        self._require('crop', inside, size)
        self._require('rotation', self.rotation in (0, *_TURNS), '0, 90, 180 or 270')
        self._require('mm_per_pixel', 1e-4 <= self.mm_per_pixel <= 10, '0.0001 to 10')
        self._require('background', self.background in BACKGROUNDS, f'one of {BACKGROUNDS}')
        self._require('background_frames', 3 <= self.background_frames <= 1000, '3 to 1000')
        structure = self.background_structure_mm2
        self._require('background_structure_mm2', 0 < structure <= 1e4, 'above 0, at most 10000')
        self._require('contact_levels', 1 <= self.contact_levels <= 200, '1 to 200')
        self._require('contact_sigmas', 0 <= self.contact_sigmas <= 100, '0 to 100')
        self._require('on_mm2', 0 < self.on_mm2 <= 1e4, 'above 0, at most 10000')
        self._require('off_mm2', 0 < self.off_mm2 <= self.on_mm2, 'above 0, at most on_mm2')

    def oriented(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The gel in a frame: cropped and turned.

        Args:
            frame: RGB uint8 (H, W, 3), as the camera gives it; need not be contiguous.

        Returns:
            uint8 (H', W', 3), possibly a view of ``frame``.

        Raises:
            InputError: another aspect ratio, or what ``check_frame`` refuses: not RGB uint8,
                black, overexposed or without colour.
        """
        check_frame(frame)
        scale = self._scale(frame)
        top, left, height, width = (round(value * scale) for value in self.crop)
        gel = frame[top : top + height, left : left + width]
        if gel.strides[2] < 0:
            # A BGR frame seen as RGB, which OpenCV turns many times faster than numpy.
            gel = np.asarray(cv2.cvtColor(gel[..., ::-1], cv2.COLOR_BGR2RGB), np.uint8)
        if not self.rotation:
            return gel
        return np.asarray(cv2.rotate(np.ascontiguousarray(gel), _TURNS[self.rotation]), np.uint8)

    def mm_per_pixel_of(self, frame: NDArray[np.uint8]) -> float:
        """Scale of a frame of this size; InputError for another aspect ratio."""
        return self.mm_per_pixel / self._scale(frame)

    def _scale(self, frame: NDArray[np.uint8]) -> float:
        """Pixels of the frame per pixel of the profile."""
        rows, columns = frame.shape[:2]
        scale = float(rows / self.rows)
        other_aspect = abs(columns / (self.columns * scale) - 1) > _ASPECT_TOLERANCE
        if other_aspect or round(min(self.crop[2:]) * scale) < _LEAST_PIXELS:
            raise InputError(
                f'size of a tactile frame (rows, columns), profile {self.name}',
                (rows, columns),
                f'{self.rows} x {self.columns}, or scaled with the same aspect ratio, to no less '
                f'than {_LEAST_PIXELS} pixels of gel',
                'set the resolution of the driver, or choose the profile of this sensor',
            )
        return scale

    def _require(self, field: str, good: bool, expected: str) -> None:
        if not good:
            raise InputError(
                f'{field} of the tactile profile {self.name}',
                getattr(self, field),
                expected,
                _CURE,
            )


def known_profiles() -> tuple[str, ...]:
    """Names of the profiles that come with the package."""
    return tuple(sorted(path.stem for path in _FOLDER.glob('*.json')))


def load_profile(name_or_path: str | Path) -> TactileProfile:
    """Read a profile, by its name or from a file.

    Args:
        name_or_path: one of ``known_profiles()``, or the path of a .json file.

    Raises:
        InputError: unknown name, a file that cannot be read, a field that is missing, unknown or
            out of range.
    """
    given = str(name_or_path)
    path = Path(given).expanduser() if given.endswith('.json') else _FOLDER / f'{given}.json'
    if not given.endswith('.json') and given not in known_profiles():
        raise InputError(
            'tactile profile',
            given,
            f'one of {list(known_profiles())}, or the path of a .json file',
            'correct the name, or write a profile of your own (docs/touch.md says how)',
        )
    try:
        values = json.loads(path.read_text('utf-8'))
    except OSError as error:
        expected = f'a file that can be read ({error.strerror})'
        raise InputError('tactile profile', str(path), expected, 'correct the path') from error
    except ValueError as error:
        expected = f'JSON ({error})'
        raise InputError('tactile profile', str(path), expected, 'correct the file') from error
    return _profile(path.stem, values)


def _profile(name: str, values: Any) -> TactileProfile:
    fields = {field.name: field for field in dataclasses.fields(TactileProfile)}
    del fields['name']
    required = {key for key, field in fields.items() if field.default is dataclasses.MISSING}
    keys = set(values) if isinstance(values, dict) else set()
    if not required <= keys <= set(fields):
        raise InputError(
            f'fields of the tactile profile {name}',
            sorted(required - keys) or sorted(keys - set(fields)),
            'none missing and none unknown',
            f'give exactly these: {sorted(required)}, and a note if you like',
        )
    kinds: dict[str, Callable[[object], Any]] = {
        'crop': _four_integers,
        'background': _text,
        'note': _text,
    }
    read: dict[str, Any] = {}
    for key, value in values.items():
        convert = kinds.get(key, _integer if fields[key].type == 'int' else _number)
        try:
            read[key] = convert(value)
        except TypeError as error:
            raise InputError(
                f'{key} of the tactile profile {name}', value, str(error), _CURE
            ) from None
    return TactileProfile(name=name, **read)


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError('an integer')
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError('a finite number')
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError('a text')
    return value


def _four_integers(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) != 4:
        raise TypeError('four integers: [top, left, height, width]')
    return tuple(_integer(part) for part in value)
