# SPDX-License-Identifier: Apache-2.0
"""What is known of remembered items at one version of the gallery."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any

_THUMBNAILS = 500


class Memory:
    """Modalities of items, which answers tell at once, and some thumbnails. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._modalities: dict[str, tuple[str, ...]] = {}
        self._thumbnails: dict[str, bytes] = {}

    def learn(self, items: Sequence[Any], version: int, *, pictured: bool = False) -> None:
        """Keep what GalleryItem messages tell.

        Args:
            items: of the gallery at ``version``.
            version: of the gallery; nothing is kept where it is not the newest that was seen.
            pictured: whether they bring their thumbnails.
        """
        with self._lock:
            self._see(version)
            if version != self._version:
                return
            for item in items:
                self._modalities[item.item_id] = tuple(item.modalities)
                if pictured:
                    self._keep(item.item_id, bytes(item.thumbnail.data))

    def keep_only(self, item_ids: Collection[str]) -> None:
        """Forget what is known of all other items, since these are all there are."""
        with self._lock:
            for item_id in self._modalities.keys() - item_ids:
                del self._modalities[item_id]

    def picture(self, item_id: str, thumbnail: bytes, version: int) -> None:
        """Keep one thumbnail, b'' for none, that was asked for at ``version``."""
        with self._lock:
            if version == self._version:
                self._keep(item_id, thumbnail)

    def see(self, version: int) -> bool:
        """The gallery was seen at this version; whether that is news."""
        with self._lock:
            return self._see(version)

    @property
    def version(self) -> int:
        """The newest that was seen; -1 before any."""
        return self._version

    def views(self, item_id: str) -> tuple[str, ...]:
        """Modalities of an item's views; empty where they are not known."""
        return self._modalities.get(item_id, ())

    def thumbnail(self, item_id: str) -> bytes | None:
        """The picture of an item, b'' for none; None where it is not known."""
        return self._thumbnails.get(item_id)

    def _see(self, version: int) -> bool:
        if version == self._version:
            return False
        self._version = version
        # Modalities stay until they are told anew: the answer in between is seldom another one.
        self._thumbnails.clear()
        return True

    def _keep(self, item_id: str, thumbnail: bytes) -> None:
        self._thumbnails[item_id] = thumbnail
        if len(self._thumbnails) > _THUMBNAILS:
            del self._thumbnails[next(iter(self._thumbnails))]
