# SPDX-License-Identifier: Apache-2.0
"""Is there room for what will be remembered, and for engines?"""

from __future__ import annotations

import shutil
from pathlib import Path

from xsense_ros.doctor.finding import Finding, Level, Outcome

_LOW, _OUT = 500_000_000, 50_000_000  # bytes


def judge(what: str, folder: Path) -> Outcome:
    """A finding where the disk of a folder is nearly full.

    Args:
        what: lies there, for people: 'gallery'.
        folder: need not exist yet.
    """
    free = free_bytes(folder)
    if free is None or free >= _LOW:
        return Outcome('' if free is None else f'{free / 1e9:.1f} GB free for the {what}')
    level = Level.ERROR if free < _OUT else Level.WARNING
    cure = (
        'free some space (`xsense engines prune`, old bags and logs), or move it to another disk'
    )
    seen = f'{free / 1e6:.0f} MB free in {folder}'
    return Outcome('', [Finding(level, f'disk of the {what}', seen, f'{_LOW / 1e6:.0f} MB', cure)])


def free_bytes(folder: Path) -> int | None:
    """Free on the disk where a folder is or will be; None where that cannot be known."""
    places = (folder, *folder.absolute().parents)
    try:
        return shutil.disk_usage(next(place for place in places if place.exists())).free
    except (OSError, StopIteration):
        return None
