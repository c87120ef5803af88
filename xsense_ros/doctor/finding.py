# SPDX-License-Identifier: Apache-2.0
"""What a rule says: what is well, and each thing that is not, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

# How the errors and faults of this package are worded.
_WORDED = re.compile(
    r'(?:(?P<what>.*?): got )?(?P<seen>.*?),? expected (?P<expected>.*?)\.? Cure: (?P<cure>.*)',
    re.DOTALL,
)


class Level(IntEnum):
    """How bad. A note is worth knowing; the robot works all the same."""

    NOTE = 0
    WARNING = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Args:
        level: how bad.
        subject: the topic, node, file or part that it is about.
        seen: what was seen, with figures.
        expected: what would have been well.
        cure: what to do, as an instruction.
        settings: parameters to set, by name, where that is the cure.
        node: the node that the settings are for; '' without settings.
    """

    level: Level
    subject: str
    seen: str
    expected: str
    cure: str
    settings: Mapping[str, str] = field(default_factory=dict)
    node: str = ''


@dataclass(frozen=True)
class Outcome:
    """What one rule says: ``well`` in a few words ('' for nothing), and its findings."""

    well: str = ''
    findings: Sequence[Finding] = ()


def from_message(level: Level, subject: str, message: str) -> Finding:
    """A finding from the message of an XsenseError or of a fault on /diagnostics.

    Args:
        level: how bad.
        subject: where.
        message: 'WHAT: got SEEN, expected EXPECTED. Cure: CURE', or any other text.
    """
    if found := _WORDED.fullmatch(message):
        seen = f'{found["what"]}: {found["seen"]}' if found['what'] else found['seen']
        return Finding(level, subject, seen, found['expected'], found['cure'])
    seen, _, cure = message.partition(' Cure: ')
    known = cure or 'read the log of the node, and docs/troubleshooting.md'
    return Finding(level, subject, seen.rstrip('.'), 'no such fault', known)
