# SPDX-License-Identifier: Apache-2.0
"""A gallery as a map: similar things lie close together, as far as two dimensions can tell.

The axes are the two leading principal components of the items' mean vectors in one modality of
one space; vectors of different modalities do not share a region of a space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import GalleryError
from xsense_ros.openset.canvas import COLOURS, FAINT, GROUND, INK, Canvas
from xsense_ros.openset.evidence import Views

_SIDE, _MARGIN, _THUMBNAIL = 1000, 60, 48
_LABELLED = 150  # more names than these cover each other


@dataclass(frozen=True)
class Point:
    """An item on the map, x and y within [-1, 1]; ``views``: how many made its place."""

    item_id: str
    label: str
    x: float
    y: float
    views: int


@dataclass(frozen=True)
class Map:
    """``explained``: share of the spread of all vectors that each axis shows."""

    space: str
    modality: str
    explained: tuple[float, float]
    points: tuple[Point, ...]


def draw_up(views: Views, space: str = '', modality: str = '') -> Map:
    """The map of one modality in one space; '' takes what most items have.

    Raises:
        GalleryError: nothing is enrolled there.
    """
    fitting = [
        (one, other) for one, other in views.held if space in ('', one) and modality in ('', other)
    ]
    if not fitting:
        raise GalleryError(
            'views for a map',
            ' in '.join(filter(None, (modality, space))),
            f'some of {[f"{other} in {one}" for one, other in views.held]}',
            'choose another space or modality',
        )
    space, modality = max(fitting, key=lambda held: len(set(views.vectors(*held).item_ids)))
    owner = views.items(space, modality)
    items, counts = np.unique(owner, return_counts=True)
    sums = np.zeros((len(views.item_ids), views.vectors(space, modality).matrix.shape[1]))
    np.add.at(sums, owner, views.vectors(space, modality).matrix)
    means = sums[items] / counts[:, None]
    places, explained = principal_plane(means)
    ids = [views.item_ids[item] for item in items]
    return Map(
        space,
        modality,
        explained,
        tuple(
            Point(item, views.labels[item], round(float(x), 4), round(float(y), 4), int(count))
            for item, (x, y), count in zip(ids, places, counts, strict=True)
        ),
    )


def principal_plane(
    rows: NDArray[np.floating],
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Rows (N, D) -> places (N, 2) within [-1, 1], and the share of the variance of both axes.

    The sign of an axis is that which makes its largest coordinate positive, so that the same
    gallery gives the same map.
    """
    centred = np.asarray(rows, np.float64) - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    places = centred @ axes
    largest = np.abs(places).argmax(axis=0)
    places *= np.where(places[largest, np.arange(places.shape[1])] < 0, -1.0, 1.0)
    total = float(values.sum()) or 1.0
    shares = np.round(np.maximum(values[::-1][:2], 0.0) / total, 4)
    largest_place = float(np.abs(places).max()) or 1.0
    return places / largest_place, (float(shares[0]), float(shares[1]))


def draw_map(found: Map, thumbnail: Callable[[str], bytes | None]) -> Canvas:
    """The map with thumbnails, or dots for items without one, and names while there is room.

    Args:
        found: the map.
        thumbnail: JPEG of an item by its id.
    """
    canvas = Canvas(_SIDE, _SIDE + 40)
    half = _SIDE / 2
    for ends in (
        ((_MARGIN, half), (_SIDE - _MARGIN, half)),
        ((half, _MARGIN), (half, _SIDE - _MARGIN)),
    ):
        canvas.line(np.array(ends), FAINT)
    first, second = found.explained
    canvas.text(
        f'{len(found.points)} items by {found.modality} in {found.space}; '
        f'axes show {first:.0%} and {second:.0%} of the spread',
        20,
        _SIDE + 20,
        0.55,
    )
    reach = half - _MARGIN
    for number, point in enumerate(found.points):
        x, y = half + reach * point.x, half - reach * point.y
        picture = _small(thumbnail(point.item_id))
        if picture is None:
            canvas.dot(x, y, COLOURS[number % len(COLOURS)])
        else:
            canvas.paste(picture, x, y, INK)
        if len(found.points) <= _LABELLED:
            down = _THUMBNAIL / 2 + 12 if picture is not None else 18
            canvas.text(point.label[:18], x - 4 * len(point.label[:18]), y + down, 0.36)
    return canvas


def _small(jpeg: bytes | None) -> NDArray[np.uint8] | None:
    """A thumbnail at the size of the map, on white; None where there is none that can be read."""
    if not jpeg:
        return None
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    scale = _THUMBNAIL / max(bgr.shape[:2])
    size = (max(1, round(bgr.shape[1] * scale)), max(1, round(bgr.shape[0] * scale)))
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    square = np.full((_THUMBNAIL, _THUMBNAIL, 3), GROUND, np.uint8)
    top, left = (_THUMBNAIL - size[1]) // 2, (_THUMBNAIL - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    return square
