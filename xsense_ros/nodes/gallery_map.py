# SPDX-License-Identifier: Apache-2.0
"""A gallery as maps for a page: JSON, asked of the node, which alone has the gallery open."""

from __future__ import annotations

import json
from collections.abc import Mapping

from xsense_ros.engines.manifest import SpaceSpec
from xsense_ros.errors import InputError
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.openset.evidence import Views
from xsense_ros.openset.map import Map, draw_up

# The services wait while a map is made; so many items take about a second.
MOST_ITEMS = 5000


def map_json(gallery: GalleryLike, spaces: Mapping[str, SpaceSpec]) -> str:
    """All maps of a gallery: {"version", "spaces": [{"space", "modality", "points": [...]}]}.

    Args:
        gallery: open.
        spaces: of the bundles, by name.

    Raises:
        InputError: too many items to be drawn while somebody waits.
        GalleryError: the record cannot be read.
    """
    count, version = gallery.count(), gallery.version
    if count > MOST_ITEMS:
        cure = 'draw it without a hurry: xsense gallery stats --map map.png'
        raise InputError('items of the map', count, f'at most {MOST_ITEMS}', cure)
    if not count:
        return json.dumps({'version': version, 'spaces': []})
    views = Views(gallery, spaces)
    maps = [_told(draw_up(views, *held)) for held in views.held]
    return json.dumps({'version': version, 'spaces': maps}, ensure_ascii=False, allow_nan=False)


def _told(found: Map) -> dict[str, object]:
    """A map whose places are shares of its sides, y downwards."""
    points = [
        {
            'item_id': point.item_id,
            'label': point.label,
            'x': round((1.0 + point.x) / 2.0, 4),
            'y': round((1.0 - point.y) / 2.0, 4),
        }
        for point in found.points
    ]
    return {'space': found.space, 'modality': found.modality, 'points': points}
