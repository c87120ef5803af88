# SPDX-License-Identifier: Apache-2.0
"""Tables of intervals that people write, and what is said of bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from xsense_ros.errors import InputError
from xsense_ros.evaluation.truth_file import read_truth_file
from xsense_ros.names import MODALITIES

START = 1_700_000_000 * 10**9


def write(folder: Path, text: str, name: str = 'truth.csv') -> Path:
    file = folder / name
    file.write_text(text, 'utf-8')
    return file


def test_seconds_from_the_start(tmp_path: Path) -> None:
    file = write(tmp_path, 'begin,end,item,sense,target\n0.5,2,mug,touch,image\n')
    (event,) = read_truth_file(file, START)
    assert (event.begin_ns, event.end_ns) == (START + 500_000_000, START + 2 * 10**9)
    assert (event.sense, event.target, event.truth) == ('touch', 'image', 'mug')
    assert event.kind == 'touch -> image' and event.known


def test_stamps_keep_their_nanoseconds(tmp_path: Path) -> None:
    text = 'begin_stamp,end_stamp,item,sense\n1700000001.123456789,1700000002,mug,image\n'
    (event,) = read_truth_file(write(tmp_path, text), START)
    assert event.begin_ns == 1_700_000_001_123_456_789


def test_every_sense_unless_one_is_named(tmp_path: Path) -> None:
    events = read_truth_file(write(tmp_path, 'begin,end,item\n0,1,mug\n'), START)
    assert [event.sense for event in events] == list(MODALITIES)


@pytest.mark.parametrize('wrapped', [True, False])
def test_json(tmp_path: Path, wrapped: bool) -> None:
    rows = [{'begin': 0, 'end': 1.5, 'item': 'Ä/mug', 'sense': 'image'}]
    text = json.dumps({'intervals': rows} if wrapped else rows)
    (event,) = read_truth_file(write(tmp_path, text, 'truth.json'), START)
    assert event.truth == 'Ä/mug' and event.end_ns == START + 1_500_000_000


def test_byte_order_mark_of_a_spreadsheet(tmp_path: Path) -> None:
    assert read_truth_file(write(tmp_path, '\ufeffbegin,end,item\n0,1,mug\n'), START)


def test_example_of_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / 'docs' / 'fitting-in.md').read_text('utf-8')
    example = page.split('```csv\n')[1].split('```')[0]
    events = read_truth_file(write(tmp_path, example), START)
    assert {event.truth for event in events} == {'my mug', 'unknown', '', 'violin'}


def test_nothing_and_unknown_are_no_items(tmp_path: Path) -> None:
    file = write(tmp_path, 'sense,begin,end,item\nimage,0,1,\nimage,1,2,unknown\n')
    assert [event.known for event in read_truth_file(file, START)] == [False, False]


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('', 'at least one interval'),
        ('begin,end,item\n', 'at least one interval'),
        ('begin,end\n0,1\n', 'columns of'),
        ('begin,end,item,colour\n0,1,mug,red\n', 'columns of'),
        ('begin,end,item\n0,1,mug,and,more\n', 'columns of'),
        ('begin,end,item\n1,1,mug\n', 'row 1, end'),
        ('begin,end,item\n0,1,mug\n2,x,mug\n', "row 2, end: got 'x'"),
        ('begin,end,item\n0,nan,mug\n', "row 1, end: got 'nan'"),
        ('begin,end,item\n0,1e999999999,mug\n', 'row 1, end'),
        ('begin,end,item\n,1,mug\n', 'one of begin and begin_stamp'),
        ('begin,begin_stamp,end,item\n0,5,1,mug\n', 'one of begin and begin_stamp'),
        ('begin,end,item,sense\n0,1,mug,smell\n', "sense: got 'smell'"),
        ('begin,end,item,target\n0,1,mug,smell\n', "target: got 'smell'"),
        ('begin,end,item,sense\n0,2,mug,image\n1,3,cup,image\n', 'do not overlap'),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        read_truth_file(write(tmp_path, text), START)
    assert says in str(raised.value) and 'Cure:' in str(raised.value)


@pytest.mark.parametrize(
    'text', ['{', '3', '{"intervals": 3}', '[3]', '[' * 100_000, '{"a": [{"item": "mug"}]}', '\0']
)
def test_bad_json(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_truth_file(write(tmp_path, text, 'truth.json'), START)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_truth_file(tmp_path / 'none.csv', START)


@settings(max_examples=150, deadline=None)
@given(some.binary(max_size=200), some.sampled_from(['csv', 'json']))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data: bytes, suffix: str) -> None:
    file = tmp_path_factory.getbasetemp() / f'fuzz.{suffix}'
    file.write_bytes(data)
    with pytest.raises(InputError):
        read_truth_file(file, START)
        raise InputError('read', '', '', '')  # well-formed by chance
