# SPDX-License-Identifier: Apache-2.0
"""What the page's server asks of the robot's side; answers are the JSON of docs/dashboard.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from xsense_ros.dashboard.uploads import Upload

Json = dict[str, Any]


@dataclass(frozen=True)
class StoredView:
    """A kept view as the robot has it. ``media`` is empty where the sample was not kept."""

    modality: str
    media_type: str
    media: bytes
    thumbnail: bytes


class Robot(Protocol):
    """Called on the server's event loop, and never blocks it.

    Every method raises Refused: 503 where the robot's node is not there or not active, 404 for an
    item that it does not remember, 400 and 409 for what it does not take.
    """

    def hello(self) -> Json:
        """What a page is told first."""
        ...

    async def query(
        self, samples: Sequence[Upload], live: Sequence[str], targets: Sequence[str], top_k: int
    ) -> Json:
        """The answer to samples, and the newest heard in ``live``, each of another sense."""
        ...

    async def enroll(
        self, label: str, item_id: str, samples: Sequence[Upload], live: Sequence[str]
    ) -> Json:
        """Remember samples, and the newest heard in the senses ``live``."""
        ...

    async def rename(self, item_id: str, label: str) -> Json:
        """Give an item another name."""
        ...

    async def forget(self, item_id: str) -> Json:
        """Forget an item."""
        ...

    async def undo(self, gallery_version: int) -> Json:
        """Take one change back; 0: the newest."""
        ...

    async def items(self, offset: int, limit: int, contains: str) -> Json:
        """Some of what is remembered, in order of enrolment."""
        ...

    async def map(self) -> Json:
        """Places of all items on a plane, for each sense in each space."""
        ...

    async def view(self, item_id: str, number: int) -> StoredView:
        """One view of an item."""
        ...

    async def thumbnail(self, item_id: str) -> bytes:
        """A JPEG of an item; b'' where there is none."""
        ...
