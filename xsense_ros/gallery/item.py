# SPDX-License-Identifier: Apache-2.0
"""Things that are remembered, what is kept of them, and what a search finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MEDIA_TYPES = ('image/png', 'image/jpeg', 'audio/flac', 'text/plain')


@dataclass(frozen=True)
class View:
    """One sample of an item in one modality, about to be enrolled.

    ``vectors`` are float32 (D,) of length 1 by space. ``media`` is the sample itself in one of
    MEDIA_TYPES; a view without it cannot be embedded again when the model changes.
    ``thumbnail`` is a JPEG.
    """

    modality: str
    vectors: Mapping[str, NDArray[np.float32]]
    media: bytes | None = field(default=None, repr=False)
    media_type: str = ''
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class StoredView:
    """A view as it is listed, without its heavy parts. ``created_ns`` is wall clock time."""

    view_id: int
    modality: str
    media_type: str
    has_thumbnail: bool
    created_ns: int


@dataclass(frozen=True)
class Item:
    """A remembered thing; its views are in order of enrolment."""

    item_id: str
    label: str
    created_ns: int
    views: tuple[StoredView, ...]


@dataclass(frozen=True)
class KeptView:
    """A view with its sample, from which another model can compute other vectors."""

    item_id: str
    label: str
    view_id: int
    modality: str
    media: bytes = field(repr=False)
    media_type: str
    thumbnail: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Hit:
    """An item found by a search, with the cosine of its best view."""

    item_id: str
    label: str
    score: float
    view_id: int
