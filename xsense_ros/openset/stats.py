# SPDX-License-Identifier: Apache-2.0
"""What a gallery holds: counts, a map, near-duplicates and items that are hard to tell apart."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xsense_ros.engines.manifest import SpaceSpec
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.openset.evidence import Views
from xsense_ros.openset.lookalikes import (
    Confusable,
    Duplicate,
    find_confusable,
    find_duplicates,
)
from xsense_ros.openset.map import Map, draw_up


@dataclass(frozen=True)
class Stats:
    """``views`` by modality; ``kept``: views whose sample was kept; ``spaces``: views in each."""

    items: int
    version: int
    views: Mapping[str, int]
    kept: int
    spaces: Mapping[str, int]
    map: Map
    duplicates: tuple[Duplicate, ...]
    confusable: tuple[Confusable, ...]

    def to_json(self, thumbnail: Callable[[str], bytes | None]) -> dict[str, Any]:
        """As plain data; points of the map carry their thumbnail as a data URL where there is one.

        Args:
            thumbnail: JPEG of an item by its id.
        """
        content = asdict(self)
        for point in content['map']['points']:
            jpeg = thumbnail(point['item_id'])
            if jpeg:
                encoded = base64.b64encode(jpeg).decode()
                point['thumbnail'] = f'data:image/jpeg;base64,{encoded}'
        return content


def gallery_stats(
    gallery: GalleryLike,
    spaces: Mapping[str, SpaceSpec],
    *,
    space: str = '',
    modality: str = '',
    least_cosine: float = 0.99,
) -> Stats:
    """Look at a gallery.

    Args:
        gallery: open.
        spaces: of the bundles.
        space: of the map; '': that of most items.
        modality: of the map; '': that of most items.
        least_cosine: of near-duplicates.

    Raises:
        GalleryError: nothing is enrolled, by none of these models, or not there.
    """
    views = Views(gallery, spaces)
    stored = [view for item in gallery.items() for view in item.views]
    held = {
        name: sum(
            len(views.vectors(one, other).item_ids) for one, other in views.held if one == name
        )
        for name in views.spaces
    }
    return Stats(
        gallery.size,
        gallery.version,
        dict(sorted(Counter(view.modality for view in stored).items())),
        sum(bool(view.media_type) for view in stored),
        held,
        draw_up(views, space, modality),
        tuple(find_duplicates(views, least_cosine)),
        tuple(find_confusable(views)),
    )
