# SPDX-License-Identifier: Apache-2.0
"""Where a point of the visible frame lies in the infrared frame, and the way back.

Points are continuous, pixel i covers [i, i + 1) (see `boxes`), and homographies are between such
points: the same field of view in half the pixels is the matrix diag(0.5, 0.5, 1). Camera matrices
come from calibration tools, in which the middle of the first pixel is (0, 0); the half pixel
between the two is added and taken away here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import ArrayLike

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around, as_boxes, centres

Size = tuple[int, int]
Way = Callable[[Floats], Floats]
_HALF = 0.5
_NEARBY = 4.0  # pixels to each side over which the scale at a point is measured
_DISTORTIONS = ('', 'plumb_bob', 'rational_polynomial')
_NOT_A_TURN = 1e-3


@dataclass(frozen=True)
class Camera:
    """What CameraInfo says: size in pixels (0: unknown), matrix (3, 3), distortion and its model.

    Raises:
        InputError: a matrix without focal lengths, or a distortion that OpenCV does not know.
    """

    size: Size
    matrix: Floats
    distortion: tuple[float, ...] = ()
    model: str = 'plumb_bob'

    def __post_init__(self) -> None:
        k = np.asarray(self.matrix, dtype=np.float64)
        if k.size != 9 or not np.isfinite(k).all() or min(k.flat[0], k.flat[4]) <= 0:
            raise InputError(
                'camera matrix', k.tolist(), '3 x 3 with focal lengths above 0',
                'calibrate the camera, so that its camera_info says K',
            )  # fmt: skip
        if self.model not in _DISTORTIONS:
            raise InputError(
                'distortion_model', self.model, f'one of {_DISTORTIONS[1:]}',
                'feed the rectified image (image_rect) with its camera_info',
            )  # fmt: skip
        object.__setattr__(self, 'matrix', k.reshape(3, 3))

    def rays(self, points: Floats) -> Floats:
        """Points (N, 2) -> directions (N, 3) with z = 1."""
        flat = cv2.undistortPoints(
            (points - _HALF)[:, None], self.matrix, np.array(self.distortion)
        )
        return np.column_stack([np.asarray(flat).reshape(-1, 2), np.ones(len(points))])

    def project(self, places: Floats) -> Floats:
        """Places (N, 3) in the camera's frame -> points (N, 2); not-a-number behind it."""
        seen = cv2.projectPoints(
            places, np.zeros(3), np.zeros(3), self.matrix, np.array(self.distortion)
        )
        points = np.asarray(seen[0], dtype=np.float64).reshape(-1, 2) + _HALF
        points[places[:, 2] <= 0] = np.nan
        return points


@dataclass(frozen=True)
class Mapping:
    """Points of the visible frame <-> points of the infrared frame.

    kind: 'same', 'homography' or 'cameras'; visible, infrared: sizes (columns, rows) that it is
    for, None where it is for any.
    """

    kind: str
    _there: Way = field(repr=False)
    _back: Way = field(repr=False)
    visible: Size | None = None
    infrared: Size | None = None

    @classmethod
    def same(cls) -> Mapping:
        """Both cameras see the same with the same pixels: registered frames."""
        return cls('same', lambda points: points, lambda points: points)

    @classmethod
    def homography(cls, matrix: ArrayLike) -> Mapping:
        """A fixed homography, right at one distance.

        Args:
            matrix: nine numbers, row by row: point of the visible frame -> point of the infrared
                frame.

        Raises:
            InputError: not nine finite numbers, or none that can be inverted.
        """
        h = np.asarray(matrix, dtype=np.float64)
        good = h.size == 9 and bool(np.isfinite(h).all())
        if not good or abs(np.linalg.det(h.reshape(3, 3))) < 1e-12 * max(abs(h).max() ** 3, 1e-30):
            raise InputError(
                'homography', h.tolist(), 'nine numbers of a 3 x 3 matrix that has an inverse',
                'estimate it from points in both frames (cv2.findHomography(visible, infrared))',
            )  # fmt: skip
        there = h.reshape(3, 3)
        back: Floats = np.asarray(np.linalg.inv(there), dtype=np.float64)
        return cls('homography', lambda p: _through(there, p), lambda p: _through(back, p))

    @classmethod
    def cameras(
        cls,
        visible: Camera,
        infrared: Camera,
        rotation: ArrayLike,
        translation: ArrayLike,
        depth: float,
    ) -> Mapping:
        """Two calibrated cameras and things at one depth.

        Args:
            visible: camera of the template.
            infrared: camera that is searched.
            rotation: (3, 3) or a quaternion x, y, z, w: of the visible camera's optical frame in
                that of the infrared camera.
            translation: x, y, z of its origin there, in metres.
            depth: z of the things in the visible camera's optical frame, in metres.

        Raises:
            InputError: no rotation, numbers that are not finite, or a depth that is not above 0.
        """
        r, t = _rotation(rotation), np.asarray(translation, dtype=np.float64)
        if t.shape != (3,) or not np.isfinite(t).all():
            raise InputError('translation', t.tolist(), 'x, y, z in metres', 'correct it')
        if not (math.isfinite(depth) and depth > 0):
            raise InputError('depth', depth, 'metres above 0', 'give the usual distance of things')

        def there(points: Floats) -> Floats:
            return infrared.project(visible.rays(points) * depth @ r.T + t)

        def back(points: Floats) -> Floats:
            rays, origin = infrared.rays(points) @ r, t @ r
            reach = (depth + origin[2]) / rays[:, 2:]
            found = visible.project(rays * reach - origin)
            found[reach[:, 0] <= 0] = np.nan
            return found

        sizes = [camera.size if all(camera.size) else None for camera in (visible, infrared)]
        return cls('cameras', there, back, *sizes)

    def check(self, visible: Size | None, infrared: Size) -> None:
        """InputError unless this mapping is for frames of these sizes (None: no visible frame)."""
        if self.kind == 'same' and visible is not None and visible != infrared:
            x, y = (a / b for a, b in zip(infrared, visible, strict=True))
            raise InputError(
                'sizes of the frames', {'visible': visible, 'infrared': infrared},
                "equal ones for the mapping 'same'",
                f'tell how one lies in the other: homography {x:.6g},0,0,0,{y:.6g},0,0,0,1 where '
                'both show the same field of view, or the camera_info of both',
            )  # fmt: skip
        for name, found, known in (
            ('visible', visible, self.visible),
            ('infrared', infrared, self.infrared),
        ):
            if found is not None and known is not None and found != known:
                raise InputError(
                    f'size of the {name} frame', found, f'{known}, as its camera_info says',
                    'publish the camera_info of these frames',
                )  # fmt: skip

    def to_infrared(self, points: ArrayLike) -> Floats:
        """Points (..., 2) of the visible frame -> (..., 2); not-a-number where nothing is seen."""
        return _each(self._there, points)

    def to_visible(self, points: ArrayLike) -> Floats:
        """Inverse of `to_infrared`."""
        return _each(self._back, points)

    def box_to_infrared(self, box: ArrayLike) -> Floats:
        """A box (4,) of the visible frame: its middle is mapped, its sides are scaled as there.

        Raises:
            InputError: no box, or one that the infrared camera cannot see.
        """
        return as_boxes(box) if self.kind == 'same' else _box(self._there, box)

    def box_to_visible(self, box: ArrayLike) -> Floats:
        """Inverse of `box_to_infrared`, to first order."""
        return as_boxes(box) if self.kind == 'same' else _box(self._back, box)

    def angle_at(self, point: ArrayLike) -> float:
        """Degrees by which the infrared frame shows the scene turned at a visible point."""
        return _local(self._there, point)[1]


def _through(matrix: Floats, points: Floats) -> Floats:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    with np.errstate(divide='ignore', invalid='ignore'):
        found: Floats = moved[:, :2] / np.where(moved[:, 2:] == 0, np.nan, moved[:, 2:])
    return found


def _each(way: Way, points: ArrayLike) -> Floats:
    given = np.asarray(points, dtype=np.float64)
    return way(given.reshape(-1, 2)).reshape(given.shape)


def _local(way: Way, point: ArrayLike) -> tuple[float, float]:
    """Scale, and turn in degrees, of a mapping at a point: those of its derivative."""
    step = np.array([[_NEARBY, 0], [-_NEARBY, 0], [0, _NEARBY], [0, -_NEARBY]])
    right, left, down, up = way(np.asarray(point, dtype=np.float64) + step)
    (a, c), (b, d) = (right - left) / (2 * _NEARBY), (down - up) / (2 * _NEARBY)
    area = a * d - b * c
    if not area > 0:  # not-a-number too
        raise InputError(
            'mapping at the box', np.asarray(point).tolist(),
            'a place that both cameras see, and not as in a mirror',
            'correct the homography, or the rotation, translation and depth of the cameras',
        )  # fmt: skip
    return math.sqrt(area), math.degrees(math.atan2(c - b, a + d))


def _box(way: Way, box: ArrayLike) -> Floats:
    found = as_boxes(box)
    middle = centres(found)
    scale, _ = _local(way, middle)
    return around(way(middle[None])[0], found[2:] * scale)


def _rotation(rotation: ArrayLike) -> Floats:
    r = np.asarray(rotation, dtype=np.float64)
    if r.shape == (4,) and np.isfinite(r).all() and np.linalg.norm(r) > _NOT_A_TURN:
        x, y, z, w = r / np.linalg.norm(r)
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        return np.asarray(np.eye(3) + 2 * w * cross + 2 * cross @ cross)
    if r.size == 9:
        r = r.reshape(3, 3)
        if np.abs(r @ r.T - np.eye(3)).max() < _NOT_A_TURN and np.linalg.det(r) > 0:
            return r
    raise InputError(
        'rotation', r.tolist(), 'a quaternion x, y, z, w or a 3 x 3 rotation matrix', 'correct it'
    )
