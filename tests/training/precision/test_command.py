# SPDX-License-Identifier: Apache-2.0
"""The report, its table, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from xsense_training.cli import main
from xsense_training.export.precision_report import Row, add_row, read_rows, table


def test_report_and_table(tmp_path):
    path = tmp_path / 'docs' / 'precision.json'
    good = Row('toy', 'fp16', ('trunk',), 10**6, 2 * 10**6, 0.9999, 0.999, 0.1, 20, {'x *': 0.5})
    bad = Row('toy', 'int8', ('trunk',), 10**6, 2 * 10**6, 0.9, 0.8, -3.0, 20, {}, 'too far')
    for one in (bad, good, bad):
        add_row(path, one)
    assert read_rows(path) == [good, bad]
    lines = table(read_rows(path)).splitlines()
    assert len(lines) == 4
    assert (
        lines[2]
        == '| toy | fp16 | trunk | 0.9999 | 0.9990 | +0.10 | 1.00 (2.00) | 0.50 | passed |'
    )
    assert lines[3].endswith('| -3.00 | 1.00 (2.00) |  | refused |')
    assert json.loads(path.read_text())[1]['refused'] == 'too far'


class TestCommand:
    def test_it_shows_examples(self):
        shown = CliRunner().invoke(main, ['precision', '--help']).output
        assert '--to fp16' in shown and '--keep' in shown and '--into' in shown

    def test_it_draws_the_table(self, tmp_path):
        add_row(tmp_path / 'p.json', Row('toy', 'fp16', ('trunk',), 1, 2, 1.0, 1.0, 0.0, 20))
        page = tmp_path / 'page.md'
        page.write_text('<!-- results:precision -->\n<!-- /results:precision -->\n')
        paths = ['--report', str(tmp_path / 'p.json'), '--into', str(page)]
        assert CliRunner().invoke(main, ['precision', *paths]).exit_code == 0
        assert '| toy | fp16 | trunk |' in page.read_text()

    @pytest.mark.parametrize('given', [[], ['toy'], ['--to', 'fp16'], ['--into', __file__]])
    def test_half_of_a_question_is_no_question(self, given):
        assert 'give' in CliRunner().invoke(main, ['precision', *given]).output

    def test_the_table_of_the_docs_is_that_of_its_json(self):
        docs = Path(__file__).parents[3] / 'docs'
        assert table(read_rows(docs / 'precision.json')) in (docs / 'precision.md').read_text()
