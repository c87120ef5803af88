# SPDX-License-Identifier: Apache-2.0
"""How a robot stands with its fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal['connecting', 'online', 'offline', 'refused', 'left to another process']


@dataclass(frozen=True)
class SyncStatus:
    """A moment's picture.

    Attributes:
        state: 'offline' mends itself when the network is back, 'refused' needs somebody.
        server: for people.
        pending: own changes that the fleet has yet to learn; they are on the disk.
        seconds: since the last time that nothing was left to send or to read; None: never.
        problem: what is in the way, with its cure; '' for nothing.
        robots: live views by the robot that enrolled them.
        conflicts: changes that met others since the start.
        last_conflict: the newest of them, in words.
        refused: changes of others that could not be used since the start.
        last_refused: the newest of them, in words.
    """

    state: State
    server: str
    pending: int
    seconds: float | None
    problem: str = ''
    robots: Mapping[str, int] = field(default_factory=dict)
    conflicts: int = 0
    last_conflict: str = ''
    refused: int = 0
    last_refused: str = ''
