# SPDX-License-Identifier: Apache-2.0
"""What `make bench` measured on one machine, as one JSON file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError

SCHEMA_VERSION = 1
LOWER, HIGHER = 'lower', 'higher'
_CURE = 'measure again: make bench'
_GOAL = re.compile(r'(value|ratio) (<=|>=) (\d+(?:\.\d+)?)')
_TEXTS = ('group', 'name', 'variant', 'figure', 'unit', 'reference', 'better', 'goal')


@dataclass(frozen=True)
class Row:
    """One figure beside what it was measured against in the same run.

    Attributes:
        group: kind of measurement, 'towers'.
        name: what was measured, 'image-sound-text image'.
        variant: how, 'onnxruntime:int8' or '30 Hz'.
        figure: what of it, 'p50'.
        value: in `unit`.
        reference: what `ratio` divides by; '' where there is nothing to divide by.
        ratio: value / that of the reference, measured in turns with it.
        spread: half the interquartile range over the runs, of the ratio where there is one, else
            of the value; as a share of the median.
        runs: repetitions in which both were measured.
        better: 'lower' or 'higher'.
        goal: 'value <= 5' or 'ratio >= 0.85'; '' for none.

    Raises:
        InputError: a goal that is none of these, or a goal on a ratio that is not there.
    """

    group: str
    name: str
    variant: str
    figure: str
    value: float
    unit: str
    reference: str = ''
    ratio: float | None = None
    spread: float = 0.0
    runs: int = 1
    better: str = LOWER
    goal: str = ''

    def __post_init__(self) -> None:
        found = _GOAL.fullmatch(self.goal)
        if self.goal and (found is None or (found[1] == 'ratio' and self.ratio is None)):
            expected = "'value <= 5' or, of a row with a ratio, 'ratio >= 0.85'"
            raise InputError(f'goal of {self.name}', self.goal, expected, 'correct the goal')

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same figure on another machine."""
        return self.group, self.name, self.variant, self.figure

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        found = _GOAL.fullmatch(self.goal)
        if found is None:
            return None
        measured = self.value if found[1] == 'value' else self.ratio
        assert measured is not None  # __post_init__ has seen to that
        limit = float(found[3])
        return measured <= limit if found[2] == '<=' else measured >= limit


@dataclass(frozen=True)
class Record:
    """All rows of one machine.

    ``machine`` says what it is (never its name in a network); ``not_run`` says why by what.
    """

    machine: Mapping[str, Any]
    rows: Sequence[Row]
    not_run: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """'AMD EPYC, 2 cores', and the GPU where there is one."""
        machine = self.machine
        parts = [f'{machine.get("cpu")}, {machine.get("cores")} cores']
        return ', '.join(parts + [str(machine[key]) for key in ('gpu',) if machine.get(key)])

    @property
    def slug(self) -> str:
        """The title as a file's name."""
        return re.sub(r'[^a-z0-9]+', '-', self.title.lower()).strip('-')

    def to_json(self) -> str:
        """Text that `read_record` reads."""
        content = {
            'schema_version': SCHEMA_VERSION,
            'machine': dict(self.machine),
            'rows': [asdict(row) for row in self.rows],
            'not_run': dict(self.not_run),
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + '\n'


def read_record(path: Path) -> Record:
    """Read what `make bench` wrote.

    Raises:
        InputError: unreadable, of another schema, or with a row that says something else.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise InputError(f'measurements {path}', str(error), 'a JSON file', _CURE) from None
    version = content.get('schema_version') if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise InputError(f'schema_version of {path}', version, str(SCHEMA_VERSION), _CURE)
    rows, machine, not_run = (content.get(key) for key in ('rows', 'machine', 'not_run'))
    if (
        not isinstance(rows, list)
        or not isinstance(machine, dict)
        or not isinstance(not_run, dict)
    ):
        expected = "a list 'rows', objects 'machine' and 'not_run'"
        raise InputError(f'measurements {path}', sorted(content), expected, _CURE)
    read = [_row(row, f'rows[{number}] of {path}') for number, row in enumerate(rows)]
    seen: set[tuple[str, ...]] = set()
    for row in read:
        if row.key in seen:
            raise InputError(f'rows of {path}', ' '.join(row.key), 'each figure once', _CURE)
        seen.add(row.key)
    return Record(machine, read, not_run)


def _row(content: Any, where: str) -> Row:
    names = {one.name for one in fields(Row)}
    if not isinstance(content, dict) or set(content) != names:
        raise InputError(where, content, f'an object with {sorted(names)}', _CURE)
    numbers = [content['value'], content['spread'], content['runs']]
    if content['ratio'] is not None:
        numbers.append(content['ratio'])
    good = all(type(n) in (int, float) and math.isfinite(n) for n in numbers)
    if not good or not all(isinstance(content[name], str) for name in _TEXTS):
        raise InputError(where, content, 'finite numbers and texts', _CURE)
    if content['better'] not in (LOWER, HIGHER):
        raise InputError(f'{where}: better', content['better'], f'{LOWER} or {HIGHER}', _CURE)
    return Row(**content)
