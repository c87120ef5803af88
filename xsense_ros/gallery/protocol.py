# SPDX-License-Identifier: Apache-2.0
"""What the rest of the robot uses of a gallery, whichever kind of it is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsense_ros.gallery.item import (
    Enrolment,
    FullView,
    Hit,
    Item,
    KeptView,
    Undone,
    Vectors,
    View,
)


class GalleryLike(Protocol):
    """A gallery as retrieval, sessions, services and rebuilding see it.

    `gallery.Gallery` says what each member does, returns and raises; every other implementation
    keeps to the same words. Thread-safe.
    """

    def __enter__(self) -> GalleryLike: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def version(self) -> int:
        """Number of changes so far."""
        ...

    @property
    def size(self) -> int:
        """Number of items."""
        ...

    @property
    def spaces(self) -> dict[str, str]:
        """Fingerprint of each space, by name."""
        ...

    @property
    def read_only(self) -> bool:
        """Searching works, enrolling does not."""
        ...

    def enroll(self, label: str, views: Sequence[View], item_id: str | None = None) -> Item:
        """Remember views; when this returns they are on this machine's disk."""
        ...

    def enroll_many(self, enrolments: Sequence[Enrolment]) -> list[Item]:
        """The same for many at once: all of them, or nothing."""
        ...

    def rename(self, item_id: str, label: str) -> Item:
        """Give an item another label."""
        ...

    def forget(self, item_id: str) -> int:
        """Forget an item with all its views; returns the version."""
        ...

    def undo(self, version: int = 0) -> Undone:
        """Take back the change that led to a version; 0: the newest."""
        ...

    def items(
        self, *, containing: str = '', offset: int = 0, limit: int | None = None
    ) -> list[Item]:
        """Items in order of enrolment."""
        ...

    def count(self, containing: str = '') -> int:
        """Number of items whose label contains a text."""
        ...

    def item(self, item_id: str) -> Item:
        """One item."""
        ...

    def thumbnail(self, item_id: str) -> bytes | None:
        """JPEG of an item's latest picture, else sketch."""
        ...

    def view(self, item_id: str, place: int) -> FullView:
        """What was kept of one view of an item."""
        ...

    def lacking(self, space: str, modality: str, views: Sequence[int]) -> set[int]:
        """Those of some views that have no vector in a space."""
        ...

    def views_without(self, space: str, modalities: Sequence[str]) -> int:
        """Number of views of these modalities that cannot be found in a space."""
        ...

    def is_complete(self, space: str, modality: str) -> bool:
        """Whether every view of a modality has a vector in a space."""
        ...

    def kept_views(self) -> Iterator[KeptView]:
        """Views whose sample was kept, read one at a time."""
        ...

    def search(self, space: str, modality: str, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """The ``k`` items nearest to a vector (D,), each by its best view, best first."""
        ...

    def vectors(self, space: str, modality: str) -> Vectors:
        """All vectors of the views of a modality in a space."""
        ...

    def close(self) -> None:
        """Close it; closing twice is harmless."""
        ...
