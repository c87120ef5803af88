# SPDX-License-Identifier: Apache-2.0
"""Is there anything to be found, and was it remembered by the models that ask?"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation

PART = 'gallery'
_BUSY_SECONDS = 2.0


def judge(seen: Observation) -> Outcome:
    """Says how much the nodes remember; a finding where that is nothing."""
    told, findings = [], []
    for node in seen.nodes:
        status = node.status.get(PART)
        if status is None or 'items' not in status.values:
            continue  # not configured, or it says itself what is wrong
        items = status.number('items')
        if items:
            told.append(f'{items} items remembered')
        else:
            findings.append(
                Finding(
                    Level.WARNING, f'{node.name} {PART}', 'nothing is remembered in '
                    f'{status.values.get("file", "it")}: every answer is "unknown"',
                    'at least one item',
                    'xsense enroll "my mug" --image mug.jpg, or xsense gallery import FOLDER',
                )
            )  # fmt: skip
    return Outcome(', '.join(told), findings)


def judge_file(file: Path, fingerprints: Mapping[str, str]) -> Outcome:
    """Look at a gallery without a node, and without changing it.

    Args:
        file: of SQLite; one that does not exist yet is well.
        fingerprints: of the models that are installed: space -> fingerprint.
    """
    subject = f'gallery {file}'
    try:
        if not file.exists():
            return Outcome('no gallery yet')
        spaces, items = _contents(file)
        parts = [Path(f'{file}{suffix}') for suffix in ('', '-wal', '-shm')]
        size = sum(part.stat().st_size for part in parts if part.exists())
    except (sqlite3.Error, OSError) as error:
        seen = f'it cannot be read: {error}'
        cure = (
            'give the right path and the right to read it; restore it from a copy '
            '(`xsense gallery restore`), or move it away and enrol again'
        )
        return Outcome('', [Finding(Level.ERROR, subject, seen, 'a gallery of xsense', cure)])
    findings = [
        Finding(
            Level.ERROR, subject, f'space {name} was filled by other models '
            f'({recorded[:12]})', f'{fingerprints[name][:12]}, the models that are installed',
            f'`xsense gallery rebuild {file} NEW.db` encodes the kept samples again; then give '
            'the new file as the parameter gallery',
        )
        for name, recorded in spaces.items()
        if items and fingerprints.get(name, recorded) != recorded
    ]  # fmt: skip
    known = ', '.join(f'{name} {recorded[:8]}' for name, recorded in spaces.items())
    return Outcome(
        '' if findings else f'gallery of {items} items, {size / 1e6:.1f} MB ({known})', findings
    )


def _contents(file: Path) -> tuple[dict[str, str], int]:
    """Fingerprints by space, and the number of items."""
    address = f'{file.absolute().as_uri()}?mode=ro'
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as database:
        spaces = dict(database.execute('SELECT name, fingerprint FROM spaces'))
        columns = {row[1] for row in database.execute('PRAGMA table_info(items)')}
        # What was forgotten stays for a while, so that it can be taken back.
        alive = ' WHERE gone = 0' if 'gone' in columns else ''
        (items,) = database.execute(f'SELECT count(*) FROM items{alive}').fetchone()
    return spaces, int(items)
