# SPDX-License-Identifier: Apache-2.0
"""Messages as the page is told them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from xsense_ros.msg import GalleryItem, HeterologousMatch, MatchArray
from xsense_ros.nodes.conversions import stamp_to_ns

Json = dict[str, Any]
_TIMES = ('wait', 'decode', 'preprocess', 'encode', 'search', 'total')
_MATCH_TIMES = ('wait', 'decode', 'cut', 'encode', 'search', 'total')


def seconds(stamp: Any) -> float:
    """A stamp as seconds; to the tenth of a microsecond, which is what JSON numbers hold."""
    return stamp_to_ns(stamp) * 1e-9


def told_answer(message: MatchArray, number: int, views: Callable[[str], Sequence[str]]) -> Json:
    """An answer.

    Args:
        message: of the retrieval node.
        number: by which the page tells answers apart.
        views: modalities of the views of an item; empty where they are not known.
    """
    return {
        'type': 'answer',
        'id': number,
        'stamp': seconds(message.header.stamp),
        'frame_id': message.header.frame_id,
        'query_modality': message.query_modality,
        'query_text': message.query_text,
        'target_modalities': list(message.target_modalities),
        'accepted': message.accepted,
        'matches': [
            {
                'item_id': match.item_id,
                'label': match.label,
                'rank': match.rank,
                'space': match.space,
                'modality': match.modality,
                'score': _short(match.score),
                'probability': _short(match.probability),
                'margin': _short(match.margin),
                'accepted': match.accepted,
                'views': list(views(match.item_id)),
            }
            for match in message.matches
        ],
        'ms': {name: _short(getattr(message, f'{name}_ms')) for name in _TIMES},
        'bundle': message.bundle,
        'gallery_version': message.gallery_version,
    }


def told_sighting(message: HeterologousMatch) -> Json:
    """Where a template was found in an infrared frame, or why it was not."""
    return {
        'type': 'sighting',
        'template_id': message.template_id,
        'found': message.found,
        'score': _short(message.score),
        'mode': message.mode,
        'reason': message.reason,
        'box_visible': _box(message.box_visible) if message.found else None,
        'box_infrared': _box(message.box_infrared) if message.found else None,
        'temperature': _short(message.temperature),
        'stamp': seconds(message.header.stamp),
        'visible_stamp': seconds(message.visible_header.stamp) or None,
        'ms': {name: _short(getattr(message, f'{name}_ms')) for name in _MATCH_TIMES},
    }


def told_item(message: GalleryItem) -> Json:
    """A remembered item."""
    return {
        'item_id': message.item_id,
        'label': message.label,
        'created': seconds(message.created),
        'modalities': list(message.modalities),
        'thumbnail': bool(message.thumbnail.data),
    }


def told_status(status: Any) -> Json:
    """One part of a node, of its diagnostics."""
    return {
        'name': status.name,
        'level': status.level[0],
        'message': status.message,
        'hardware_id': status.hardware_id,
        'values': {value.key: value.value for value in status.values},
    }


def _box(box: Any) -> Json:
    return {side: _short(getattr(box, side)) for side in ('x', 'y', 'width', 'height')}


def _short(value: float) -> float | None:
    """The shortest number that is the same 32-bit float; None for what JSON does not know."""
    return float(str(np.float32(value))) if math.isfinite(value) else None


def parts_of(statuses: Mapping[str, Json], node: str) -> dict[str, Json]:
    """Parts of one node by their name within it."""
    prefix = f'{node}: '
    return {
        name.removeprefix(prefix): status
        for name, status in statuses.items()
        if name.startswith(prefix)
    }
