# SPDX-License-Identifier: Apache-2.0
"""One change of a fleet's gallery, as it travels from the robot that made it to the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_KEY = re.compile(r'([0-9a-f]{32})/([0-9]{1,18})')

Kind = Literal['view', 'gone', 'label']


@dataclass(frozen=True)
class Key:
    """Names a change for ever: the log of the robot that made it, and the place in that log."""

    log: str
    seq: int

    def __str__(self) -> str:
        return f'{self.log}/{self.seq}'

    @classmethod
    def parse(cls, text: str) -> Key:
        """The inverse of ``str``; ValueError for another text."""
        found = _KEY.fullmatch(text)
        if found is None:
            raise ValueError(f'{text!r} is no key of a change')
        return cls(found[1], int(found[2]))


@dataclass(frozen=True)
class Label:
    """What an item is called. Of two, the one with the higher (stamp, author) is the later.

    ``stamp`` is a hybrid logical clock: milliseconds since 1970, but always more than any stamp
    that its author had seen (Kulkarni et al., 2014, section 3). ``author`` is a log.
    """

    text: str
    stamp: int
    author: str

    @property
    def order(self) -> tuple[int, str]:
        """By which labels are compared."""
        return self.stamp, self.author


@dataclass(frozen=True)
class ViewContent:
    """What a robot has added to an item; vectors are little-endian float32 by space.

    ``pieces`` counts the rows that its sample takes on the server; 0: it was not sent.
    """

    modality: str
    created_ns: int
    thumbnail: bytes | None = field(repr=False)
    media_type: str
    pieces: int
    vectors: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class Change:
    """A view that was added, a view that is gone (``target``), or another label.

    ``label`` is what the item was called when it was sent.
    """

    key: Key
    kind: Kind
    item_id: str
    label: Label
    view: ViewContent | None = None
    target: Key | None = None


@dataclass(frozen=True)
class Head:
    """The newest change of a log that is complete on the server, and whose log it is."""

    log: str
    robot: str
    seq: int
