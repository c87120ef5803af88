# SPDX-License-Identifier: Apache-2.0
"""Ratios of ratios: what counts as worse, and what `xsense bench compare` says and returns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from xsense_ros.bench.compare import BETTER, SAME, WORSE, compare, only_in_one
from xsense_ros.bench.rows import HIGHER, LOWER, Record, Row
from xsense_ros.cli import main

ROW = Row('node', 'camera', '30 Hz', 'p50', 20.0, 'ms', 'the engine', 1.2, 0.02, 4)
MACHINE, OTHER = {'cpu': 'A', 'cores': 2}, {'cpu': 'B', 'cores': 4}


def record(*rows: Row, machine: dict[str, Any] = MACHINE) -> Record:
    return Record(machine, list(rows))


def verdict(before: Row, after: Row, margin: float = 0.1, machine: Any = MACHINE) -> str | None:
    changes = compare(record(before), record(after, machine=machine), margin)
    return changes[0].verdict if changes else None


@given(
    ratios=st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)),
    spreads=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    margin=st.floats(0, 0.5),
    better=st.sampled_from([LOWER, HIGHER]),
)
def test_worse_is_more_than_the_spreads_and_more_than_the_margin(
    ratios: tuple[float, float], spreads: tuple[float, float], margin: float, better: str
) -> None:
    before, after = (
        replace(ROW, ratio=ratio, spread=spread, better=better)
        for ratio, spread in zip(ratios, spreads, strict=True)
    )
    grown = ratios[1] / ratios[0] if better == LOWER else ratios[0] / ratios[1]
    expected = SAME
    if grown - 1 > sum(spreads) and grown - 1 > margin:
        expected = WORSE
    elif 1 / grown - 1 > sum(spreads) and 1 / grown - 1 > margin:
        expected = BETTER
    nearly = min(abs(one - 1 - limit) for one in (grown, 1 / grown)
                 for limit in (sum(spreads), margin))  # fmt: skip
    assert nearly < 1e-9 or verdict(before, after, margin) == expected


def test_machines_are_compared_by_ratios_only() -> None:
    slower = replace(ROW, value=60.0)
    assert verdict(ROW, slower) == SAME  # three times slower, and so is what it is a ratio of
    assert verdict(ROW, slower, machine=OTHER) == SAME
    alone, slower_alone = (replace(row, ratio=None, reference='') for row in (ROW, slower))
    assert verdict(alone, slower_alone) == WORSE
    assert verdict(alone, slower_alone, machine=OTHER) is None
    # A ratio to something else is another figure: the values are left.
    assert verdict(ROW, replace(slower, reference='a floor')) == WORSE
    assert verdict(ROW, replace(slower, reference='a floor'), machine=OTHER) is None


def test_what_was_nothing_has_no_factor() -> None:
    assert verdict(replace(ROW, ratio=None, value=0.0), replace(ROW, ratio=None)) is None


def test_figures_of_one_record_only() -> None:
    new = replace(ROW, variant='60 Hz')
    assert compare(record(ROW), record(new)) == []
    assert only_in_one(record(ROW), record(new)) == ([ROW], [new])


def run(folder: Path, before: Record, after: Record, *options: str) -> Result:
    for name, one in (('a.json', before), ('b.json', after)):
        (folder / name).write_text(one.to_json())
    files = [str(folder / name) for name in ('a.json', 'b.json')]
    return CliRunner().invoke(main, ['bench', 'compare', *options, *files])


def test_command_says_what_got_worse(tmp_path: Path) -> None:
    same, worse = replace(ROW, figure='p95'), replace(ROW, ratio=2.4)
    done = run(tmp_path, record(ROW, same), record(worse, same))
    assert done.exit_code == 1
    assert 'camera 30 Hz p50' in done.output
    assert '2.00' in done.output
    assert 'p95' not in done.output
    assert '2 figures compared: 1 worse, 0 better, 1 same' in done.output
    assert 'p95' in run(tmp_path, record(ROW, same), record(worse, same), '--every').output


def test_command_returns_0_where_nothing_got_worse(tmp_path: Path) -> None:
    slower = replace(ROW, ratio=1.5)
    assert run(tmp_path, record(ROW), record(slower), '--margin', '0.3').exit_code == 0
    assert run(tmp_path, record(ROW), record(slower)).exit_code == 1
    assert run(tmp_path, record(slower), record(ROW)).exit_code == 0


def test_command_as_json(tmp_path: Path) -> None:
    done = run(tmp_path, record(ROW), record(replace(ROW, ratio=2.4)), '--json')
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert done.exit_code == 1
    assert [line['verdict'] for line in lines] == ['worse']
    assert lines[0]['factor'] == pytest.approx(2.0)
    assert lines[0]['before']['figure'] == 'p50'


def test_command_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / 'c.json').write_text('{}')
    done = CliRunner().invoke(main, ['bench', 'compare', *[str(tmp_path / 'c.json')] * 2])
    assert done.exit_code == 2
    assert 'schema_version' in done.output
