# SPDX-License-Identifier: Apache-2.0
"""Things that are remembered, what is kept of them, and what a search finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MEDIA_TYPES = ('image/png', 'image/jpeg', 'audio/flac', 'text/plain')


@dataclass(frozen=True)
class View:
    """One sample of an item in one modality, about to be enrolled.

    ``vectors`` are float32 (D,) of length 1 by space. ``media`` is the sample itself in one of
    MEDIA_TYPES; a view without it cannot be embedded again when the model changes.
    ``thumbnail`` is a JPEG. ``created_ns`` is wall clock time, 0 for now. ``sha256`` is that of
    what it was imported from, by which ``Gallery.known`` finds it.
    """

    modality: str
    vectors: Mapping[str, NDArray[np.float32]]
    media: bytes | None = field(default=None, repr=False)
    media_type: str = ''
    thumbnail: bytes | None = field(default=None, repr=False)
    created_ns: int = 0
    sha256: bytes | None = None


@dataclass(frozen=True)
class Enrolment:
    """Views of a new item, or more of one that exists: see ``Gallery.enroll``.

    ``created_ns`` is that of a new item, 0 for now.
    """

    label: str
    views: Sequence[View]
    item_id: str | None = None
    created_ns: int = 0


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
    """A remembered thing; its views are in order of enrolment.

    ``changed`` is the version of the gallery that the item's last change has led to.
    """

    item_id: str
    label: str
    created_ns: int
    views: tuple[StoredView, ...]
    changed: int = 0


@dataclass(frozen=True)
class KeptView:
    """A view with its sample, from which another model can compute other vectors.

    ``created_ns`` and ``item_created_ns`` are wall clock times, 0 where they are not known;
    ``sha256`` as in ``View``.
    """

    item_id: str
    label: str
    view_id: int
    modality: str
    media: bytes = field(repr=False)
    media_type: str
    thumbnail: bytes | None = field(repr=False)
    created_ns: int = 0
    sha256: bytes | None = None
    item_created_ns: int = 0


@dataclass(frozen=True)
class FullView:
    """A view with all that was kept of it; without sample ``media`` is None, its type empty."""

    view_id: int
    modality: str
    media: bytes | None = field(repr=False)
    media_type: str
    thumbnail: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Vectors:
    """All vectors of a space and modality: ``matrix`` float32 (N, D), and whose each row is."""

    matrix: NDArray[np.float32] = field(repr=False)
    item_ids: tuple[str, ...]
    labels: tuple[str, ...]
    view_ids: tuple[int, ...]


@dataclass(frozen=True)
class Undone:
    """What an undo has taken back, in words, and the version of the gallery that it led to."""

    what: str
    version: int


@dataclass(frozen=True)
class Hit:
    """An item found by a search, with the cosine of its best view."""

    item_id: str
    label: str
    score: float
    view_id: int
