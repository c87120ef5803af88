# SPDX-License-Identifier: Apache-2.0
"""Tables and pictures come from the records, and the documents hold what the records say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import as_record
from benchmarks.machine import instructions
from benchmarks.plots import draw
from benchmarks.renew import DOCUMENT, README, SECTION, pictures, records, renew, save
from benchmarks.statistics import NotRun
from benchmarks.tables import NOTHING, brief, document
from xsense_ros.bench.rows import HIGHER, Record, Row, read_record

MACHINE = {
    'cpu': 'Toy 1',
    'cores': 2,
    'memory_gb': 8,
    'gpu': '',
    'system': 'Linux x86_64',
    'python': '3.12.1',
    'versions': {'numpy': '2.0'},
}
TOWER = Row('towers', 'toy image', 'onnxruntime', 'p50', 4.0, 'ms', 'onnxruntime', 1.0, 0.0, 5)
ROWS = [
    TOWER,
    replace(TOWER, figure='p99', value=6.0),
    replace(TOWER, variant='onnxruntime:int8', value=2.0, ratio=0.5, spread=0.031),
    replace(TOWER, variant='onnxruntime:int8', figure='p99', value=3.0, ratio=0.5),
    Row('search', '1,000 x 256', 'exact', 'p50', 0.1, 'ms', 'numpy', 1.5, 0.02, 5),
    Row('node', 'eye', '30 Hz', 'added p99', 6.5, 'ms', 'floor', 1.6, 0.1, 4, goal='value <= 5'),
    Row('node', 'eye', '60% of the raw rate', 'answers', 30.0, '/s', 'raw', 0.6, better=HIGHER),
    Row('sensors', 'tactile', '2', 'processor', 0.4, 'cores'),
    Row('soak', 'a | b', '', 'memory', 300.0, 'MB', goal='value <= 400'),
]
RECORD = Record(MACHINE, ROWS, {'tensorrt': 'no GPU'})


def test_document_has_every_figure() -> None:
    text = document([RECORD], {RECORD.slug: ['one.svg']})
    assert '## Toy 1, 2 cores' in text
    assert '![one.svg](one.svg)' in text
    assert '| toy image | onnxruntime:int8 | 2 ms<br>0.50 x, ± 3% | 3 ms<br>0.50 x, ± 0% |' in text
    assert 'Ratios: p50, p99 to onnxruntime.' in text
    assert '6.5 ms<br>1.60 x, ± 10%<br>value <= 5: NO' in text
    assert '| a &#124; b |  | 300 MB<br>value <= 400: yes |' in text
    assert '| tensorrt | no GPU |' in text
    for row in ROWS:
        assert f'{row.value:.4g} {row.unit}' in text
    for line in text.splitlines():
        assert not line.startswith('|') or re.fullmatch(r'(\| [^|]*)+\|', line), line


def test_tables_have_as_many_cells_as_columns() -> None:
    tables = [part for part in document([RECORD], {}).split('\n\n') if part.startswith('|')]
    for table in tables:
        widths = {line.count('|') for line in table.splitlines() if line.startswith('|')}
        assert len(widths) == 1, table


def test_brief_is_what_has_a_goal() -> None:
    lines = brief([RECORD]).splitlines()
    assert lines[0] == 'Toy 1, 2 cores:'
    assert lines[4:] == [
        '| eye, 30 Hz added p99 | 6.5 ms | floor | 1.60 | ± 10% | value <= 5 | **no** |',
        '| a &#124; b, memory | 300 MB |  |  | ± 0% | value <= 400 | yes |',
    ]
    assert document([], {}) == brief([]) == NOTHING


def test_renewing_writes_records_pictures_and_both_documents(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib')
    pytest.importorskip('torch')
    page, readme = tmp_path / 'docs' / 'benchmarks.md', tmp_path / 'README.md'
    page.parent.mkdir()
    for path in (page, readme):
        path.write_text(
            f'before\n<!-- results:{SECTION} -->\n<!-- /results:{SECTION} -->\nafter\n'
        )
    path = save(RECORD, tmp_path / 'results')
    assert path.name == 'toy-1-2-cores.json'
    assert read_record(path).rows == ROWS
    for _ in range(2):  # the second time changes nothing
        renew(tmp_path / 'results', page, readme)
        text = page.read_text()
        names = pictures(page.parent, [RECORD])[RECORD.slug]
        assert names == ['bench-toy-1-2-cores-towers.svg', 'bench-toy-1-2-cores-rising.svg']
        assert document([RECORD], {RECORD.slug: names}) in text
        assert brief([RECORD]) in readme.read_text()
        assert text.startswith('before\n') and text.endswith('after\n')
    sizes = [(page.parent / name).stat().st_size for name in names]
    assert sum(sizes) < 150_000


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    pytest.importorskip('matplotlib')
    assert draw(Record(MACHINE, []), tmp_path) == []


def test_figures_without_answers_are_not_run() -> None:
    whole = as_record([TOWER, replace(TOWER, figure='p95', ratio=float('nan')), NotRun('x', 'y')])
    assert whole.rows == [TOWER]
    assert whole.not_run == {'toy image onnxruntime p95': 'too few answers', 'x': 'y'}
    assert {'cpu', 'instructions', 'cores', 'gpu', 'versions'} <= set(whole.machine)


@pytest.mark.parametrize(
    ('info', 'told'),
    [
        ('model name : X\nflags\t\t: fpu avx2 sse avx512_vnni\n', ['avx2', 'avx512_vnni']),
        ('processor : 0\nFeatures : fp asimd asimddp\nFeatures : fp\n', ['asimd', 'asimddp']),
        ('', []),
    ],
)
def test_instructions_of_a_processor(info: str, told: list[str]) -> None:
    assert instructions(info) == told
    able = replace(RECORD, machine={**MACHINE, 'instructions': told})
    line = ', '.join(['8 GB memory', 'Linux x86_64', *([' '.join(told)] if told else [])])
    assert f'{line}, Python 3.12.1, numpy 2.0.' in document([able], {})


def test_documents_hold_what_the_records_say() -> None:
    found = records()
    drawn = pictures(DOCUMENT.parent, found)
    assert document(found, drawn) in DOCUMENT.read_text(), 'renew it: make bench'
    assert brief(found) in README.read_text(), 'renew it: make bench'
    for one in found:
        assert len(drawn[one.slug]) == 2, 'draw them: make bench'
        sizes = [(DOCUMENT.parent / name).stat().st_size for name in drawn[one.slug]]
        assert sum(sizes) < 150_000
