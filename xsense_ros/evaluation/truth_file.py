# SPDX-License-Identifier: Apache-2.0
"""What was where when, from a table of intervals that somebody wrote: CSV or JSON.

A row is an interval and the item that a sense meets in it:

- ``begin``, ``end``: seconds from the first message of the bag; or ``begin_stamp``, ``end_stamp``:
  seconds as in the stamps of the headers.
- ``item``: id or label of an item; 'unknown': something that is not remembered; empty: nothing.
- ``sense``: that meets it; empty or left out: every one.
- ``target``: only among views of this modality; empty or left out: any.

JSON is a list of such objects, or an object with that list as ``intervals``. No two intervals of
a sense and target overlap; outside of all of them nobody knows what is there, and nothing counts.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError
from xsense_ros.evaluation.events import Event
from xsense_ros.names import MODALITIES
from xsense_ros.units import NS

_COLUMNS = ('begin', 'end', 'begin_stamp', 'end_stamp', 'item', 'sense', 'target')
_MAX_BYTES = 50_000_000
_MAX_SECONDS = 2**31  # what a stamp can hold


def read_truth_file(path: Path, start_ns: int) -> list[Event]:
    """The intervals of a file, one event for each sense that a row is about.

    Args:
        path: of a .csv or .json file.
        start_ns: time of the first message of the bag.

    Raises:
        InputError: a file that cannot be read, or a row that cannot be used, with its number.
    """
    rows = _rows(path)
    if not rows:
        raise InputError('truth', str(path), 'at least one interval', 'write one')
    events = [
        event
        for number, row in enumerate(rows, start=1)
        for event in _events(row, f'truth {path.name}, row {number}', start_ns)
    ]
    _check_apart(events, path)
    return events


def _rows(path: Path) -> Sequence[Mapping[str, Any]]:
    cure = 'see docs/fitting-in.md'
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError('truth', str(path), f'at most {_MAX_BYTES} bytes', 'divide it')
        text = path.read_text('utf-8-sig')
        if path.suffix.lower() != '.json':
            return list(csv.DictReader(io.StringIO(text), restkey='more', strict=True))
        found = json.loads(text)
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        expected = f'a CSV or JSON file that can be read ({error})'
        raise InputError('truth', str(path), expected, cure) from error
    rows = found.get('intervals') if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError('truth', str(path), 'a list of objects, or {"intervals": [...]}', cure)
    return rows


def _events(row: Mapping[str, Any], where: str, start_ns: int) -> list[Event]:
    strange = sorted(set(row) - set(_COLUMNS))
    if strange or 'item' not in row:
        raise InputError(where, sorted(map(str, row)), f'columns of {_COLUMNS}', 'correct them')
    item, sense, target = (str(row.get(name) or '').strip() for name in _COLUMNS[-3:])
    for name, value in (('sense', sense), ('target', target)):
        if value and value not in MODALITIES:
            raise InputError(f'{where}, {name}', value, f'one of {list(MODALITIES)}', 'correct it')
    begin_ns, end_ns = (_time(row, name, where, start_ns) for name in ('begin', 'end'))
    if end_ns <= begin_ns:
        raise InputError(f'{where}, end', row.get('end'), 'later than its begin', 'correct it')
    return [
        Event(name, f'{name} -> {target}' if target else '', begin_ns, end_ns, item, target)
        for name in ([sense] if sense else MODALITIES)
    ]


def _time(row: Mapping[str, Any], name: str, where: str, start_ns: int) -> int:
    """Nanoseconds as in stamps."""
    stamped = str(row.get(f'{name}_stamp') or '').strip()
    since = str(row.get(name) if row.get(name) is not None else '').strip()
    if bool(stamped) == bool(since):
        both = f'{name} {since!r}, {name}_stamp {stamped!r}'
        raise InputError(where, both, f'one of {name} and {name}_stamp', 'fill one of them in')
    try:
        # By way of decimals: a double does not hold the nanoseconds of a stamp.
        seconds = Decimal(stamped or since)
        if not abs(seconds) < _MAX_SECONDS:  # NaN too
            raise ValueError(seconds)
        nanoseconds = round(seconds * NS)
    except (ArithmeticError, ValueError) as error:
        raise InputError(f'{where}, {name}', stamped or since, 'seconds', 'correct it') from error
    return nanoseconds if stamped else start_ns + nanoseconds


def _check_apart(events: Sequence[Event], path: Path) -> None:
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        groups.setdefault((event.sense, event.target), []).append(event)
    for (sense, _), group in groups.items():
        group.sort(key=lambda event: event.begin_ns)
        for before, after in itertools.pairwise(group):
            if after.begin_ns < before.end_ns:
                raise InputError(
                    f'truth {path.name}, sense {sense}',
                    f'{before.truth!r} until {before.end_ns / NS:.3f} s and {after.truth!r} from '
                    f'{after.begin_ns / NS:.3f} s',
                    'intervals that do not overlap',
                    'say for each moment what the sense is to find',
                )
