# SPDX-License-Identifier: Apache-2.0
"""Measurements on disk: what is written is read, and what is wrong is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xsense_ros.bench.rows import HIGHER, Record, Row, read_record
from xsense_ros.errors import InputError

ROW = Row('towers', 'toy image', 'onnxruntime:int8', 'p50', 2.5, 'ms', 'onnxruntime', 0.5, 0.1, 5)
RECORD = Record({'cpu': 'AMD EPYC 9B14', 'cores': 2, 'gpu': ''}, [ROW], {'tensorrt': 'no GPU'})


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / 'a.json'
    path.write_text(RECORD.to_json())
    found = read_record(path)
    assert (found.machine, found.rows, found.not_run) == (
        RECORD.machine,
        RECORD.rows,
        RECORD.not_run,
    )


def test_names_of_machines() -> None:
    assert (RECORD.title, RECORD.slug) == ('AMD EPYC 9B14, 2 cores', 'amd-epyc-9b14-2-cores')
    assert Record({'cpu': 'A', 'cores': 8, 'gpu': 'B (C)'}, []).slug == 'a-8-cores-b-c'


@pytest.mark.parametrize(
    ('goal', 'met'),
    [
        ('', None),
        ('value <= 2.5', True),
        ('value <= 2.4', False),
        ('ratio >= 0.5', True),
        ('ratio >= 0.51', False),
    ],
)
def test_goals(goal: str, met: bool | None) -> None:
    assert replace(ROW, goal=goal).met is met


@pytest.mark.parametrize(
    'change', [{'goal': 'value < 3'}, {'goal': 'ratio <= 3', 'ratio': None}, {'goal': 'soon'}]
)
def test_bad_goals(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match='goal of toy image'):
        replace(ROW, **change)


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        ({'schema_version': 7}, 'schema_version'),
        ({'rows': {}}, "a list 'rows'"),
        ({'machine': None}, "objects 'machine'"),
        ({'rows': [{'name': 'x'}]}, r'rows\[0\]'),
        ({'rows': [{**ROW.__dict__, 'value': '3'}]}, 'finite numbers'),
        ({'rows': [{**ROW.__dict__, 'runs': True}]}, 'finite numbers'),
        ({'rows': [{**ROW.__dict__, 'better': 'wider'}]}, f'or {HIGHER}'),
        ({'rows': [ROW.__dict__, ROW.__dict__]}, 'each figure once'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / 'a.json'
    path.write_text(json.dumps({**json.loads(RECORD.to_json()), **change}))
    with pytest.raises(InputError, match=says) as caught:
        read_record(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('text', ['', '[]', '{"rows": NaN', 'null'])
def test_what_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(InputError):
        read_record(path)
    with pytest.raises(InputError):
        read_record(tmp_path / 'missing.json')
