# SPDX-License-Identifier: Apache-2.0
"""Tables, README sections and `xsense-train report`, from run folders and from metrics.json."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from xsense_ros.errors import InputError
from xsense_training.commands.report import command
from xsense_training.evaluate.cells import verdict
from xsense_training.evaluate.document import read_metrics, read_models, write_metrics
from xsense_training.evaluate.outcome_store import outcomes_folder, save_outcomes
from xsense_training.evaluate.report import report, write_section
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.summary import Cost
from xsense_training.evaluate.table import markdown


@pytest.fixture
def runs(judged, tmp_path):
    save_outcomes(judged, outcomes_folder(tmp_path / 'runs', 'sketch', 'production'))
    return tmp_path / 'runs'


@pytest.fixture
def models(summary, tmp_path):
    bundle = tmp_path / 'models' / 'sketch-photo'
    bundle.mkdir(parents=True)
    (bundle / 'metrics.json').write_text(write_metrics(summary, {'folds': [0, 1, 2, 3]}))
    return bundle.parent


def lines(text, start='|'):
    return [line for line in text.splitlines() if line.startswith(start)]


class TestTable:
    def test_methods_down_directions_across(self, summary):
        table = lines(markdown(summary))
        assert 'sketch->image: mAP (95 %)' in table[0] and 'image->sketch: R@1' in table[0]
        methods = [line.split(' | ')[1] for line in table[2:]]
        assert methods == ['chance', 'mean colour', 'CCA', 'regression', 'original', '**ours**']
        assert len({line.count('|') for line in table}) == 1
        assert 'sketch->image 30 x 60; image->sketch 60 x 30' in table[2]

    def test_marks_what_ships_and_the_best_baseline(self, summary):
        table = lines(markdown(summary))
        bold = [line for line in table[2:] if line.split(' | ')[2].startswith('**')]
        italic = [line for line in table[2:] if line.split(' | ')[2].startswith('_')]
        assert len(bold) == len(italic) == 1 and '**ours**' in bold[0] and '| CCA |' in italic[0]
        assert 'detectable' in bold[0] and ': above' in bold[0] and '; published +' in bold[0]

    def test_numbers_are_those_of_the_rows(self, summary):
        ours = next(line for line in lines(markdown(summary)) if '**ours**' in line)
        for metric in ('mAP', 'R@1', 'mAP (inverted softmax)'):
            row = next(r for r in summary.rows if (r.metric, r.method) == (metric, 'ours'))
            assert f'{row.mean:.3f}' in ours

    def test_a_control_that_what_ships_is_not_above_is_named(self, summary):
        table = markdown(summary)
        assert 'by the test, in 2 of 2 questions.\n' in table and 'shortcut' not in table
        weak = [
            replace(c, difference=0.01, p_runs=0.4)
            if (c.other_kind, c.direction) == ('control', 'sketch->image')
            else c
            for c in summary.comparisons
        ]
        (told,) = lines(markdown(replace(summary, comparisons=weak)), start='- ')
        assert told == '- line art, unseen, sketch->image: ours +0.010 mAP over mean colour.'

    def test_one_run_claims_nothing_over_runs(self, judged):
        alone = summarise([o for o in judged if o.run == 0])
        assert {verdict(c) for c in alone.comparisons} == {'one run'}
        assert 'One run;' in markdown(alone)


class TestSection:
    README = 'before\n<!-- results:sketch -->\nold\n<!-- /results:sketch -->\nafter | \\1\n'

    def test_only_what_is_between_the_markers_changes(self, tmp_path):
        path = tmp_path / 'README.md'
        path.write_text(self.README)
        write_section(path, 'sketch', 'new \\g<0>\n')
        assert path.read_text() == self.README.replace('old', 'new \\g<0>')
        write_section(path, 'sketch', 'newer')
        assert path.read_text() == self.README.replace('old', 'newer')

    @pytest.mark.parametrize('text', ['none', README + README, README.replace('/', '')])
    def test_markers_must_be_there_once(self, tmp_path, text):
        path = tmp_path / 'README.md'
        path.write_text(text)
        with pytest.raises(InputError, match='results:sketch'):
            write_section(path, 'sketch', 'new')
        assert path.read_text() == text


class TestCommand:
    def call(self, *arguments):
        result = CliRunner().invoke(command, [str(a) for a in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    def test_json_is_one_object_a_row(self, summary, runs):
        found = [json.loads(line) for line in self.call('--runs', runs, '--json').splitlines()]
        assert len(found) == len(summary.rows)
        assert found[0]['system'] == 'sketch' and 'p_value_vs_best_baseline' in found[0]

    def test_committed_metrics_give_the_same_table_as_the_runs(self, runs, models):
        from_runs = self.call('sketch', '--runs', runs)
        assert self.call('sketch', '--from', models) == from_runs
        assert self.call('--from', models, '--json') == self.call('--runs', runs, '--json')

    def test_a_readme_is_renewed_from_committed_metrics(self, summary, models, tmp_path):
        readme = tmp_path / 'README.md'
        readme.write_text(TestSection.README)
        assert 'renewed sketch' in self.call('--from', models, '--into', readme)
        assert markdown(summary).strip() in readme.read_text()

    def test_plots_are_drawn(self, runs, models, tmp_path):
        self.call('sketch', '--runs', runs, '--plots', tmp_path / 'plots')
        drawn = {p.name: p.stat().st_size for p in (tmp_path / 'plots').iterdir()}
        assert set(drawn) == {'sketch-bars.png', 'sketch-precision-recall.png'}
        assert min(drawn.values()) > 10_000
        report(['sketch'], models=models, plots=tmp_path / 'bars')
        assert [p.name for p in (tmp_path / 'bars').iterdir()] == ['sketch-bars.png']

    def test_both_sources_at_once_are_refused(self, runs, models):
        result = CliRunner().invoke(command, ['--runs', str(runs), '--from', str(models)])
        assert result.exit_code == 2 and 'not both' in result.output


def test_metrics_survive_their_file(summary, tmp_path):
    cost = Cost('sketch', 'image', ('trunk', 'head'), 3, 4, 5, None)
    whole = replace(summary, costs=[cost])
    path = tmp_path / 'metrics.json'
    path.write_text(write_metrics(whole, {'folds': [0, 1]}))
    assert read_metrics(path) == whole
    found = json.loads(path.read_text())
    assert found['folds'] == [0, 1] and len(found['asked']) == 2
    assert path.stat().st_size < 110 * len(summary.rows)  # every robot carries it


def test_missing_metrics_are_named(models, tmp_path):
    with pytest.raises(InputError, match='see-hear-read'):
        read_models(models, ['see-hear-read'])
    with pytest.raises(InputError, match='any system'):
        read_models(tmp_path / 'runs')
    (models / 'sketch-photo' / 'metrics.json').write_text('{"rows": [{"system": 1}]}')
    with pytest.raises(InputError, match='export the bundle again'):
        read_models(models)
    with pytest.raises(InputError, match='--runs or --from'):
        report()


def test_costs_stand_beside_the_accuracy(summary):
    cost = Cost('sketch', 'image', ('trunk', 'head'), 3_500_000, 400_000_000, 6_900_000, 1.04)
    table = lines(markdown(replace(summary, costs=[cost])))[-1]
    assert table == '| image | trunk, head | 3.50 M | 400.0 M | 6.90 MB | 1.040 |'
