# SPDX-License-Identifier: Apache-2.0
"""`xsense-train judge-matching` and the sets that it knows."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from PIL import Image

from xsense_ros.errors import InputError
from xsense_training.cli import main
from xsense_training.data.landsat import FILE
from xsense_training.data.root import data_root
from xsense_training.recipes.hetero.protocol import JITTERS
from xsense_training.recipes.hetero.sets import open_set


def test_rows_have_the_shape_of_the_bench():
    if not (data_root() / FILE).exists():
        pytest.skip('landsat is not fetched: xsense-train data fetch landsat')
    options = ['--protocol', 'shifted', '--present', '6', '--absent', '4', '--method', 'NCC']
    found = CliRunner().invoke(
        main, ['judge-matching', *options, '--method', 'centre prior', '--json']
    )
    assert found.exit_code == 0, found.output
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert {(r['method'], r['kind']) for r in rows} == {
        ('NCC', 'baseline'), ('centre prior', 'control'),
    }  # fmt: skip
    for row in rows:
        assert row['direction'] == 'visible->thermal' and row['split'] == 'shifted'
        assert row['ci_low'] <= row['mean'] <= row['ci_high'] and row['runs'] == 1


def test_every_protocol_can_be_asked_for():
    shown = CliRunner().invoke(main, ['judge-matching', '--help']).output
    assert all(name in shown for name in JITTERS)


@pytest.mark.parametrize(
    'text', ['kitti:/data', 'm3fd', 'made:radar', 'landsat:ultraviolet', 'coco:a.json']
)
def test_unknown_sets_are_named(text, tmp_path):
    with pytest.raises(InputError, match='got'):
        open_set(text, tmp_path)


def test_sets_that_a_user_brings(tmp_path):
    for folder in ('vi', 'ir'):
        (tmp_path / folder).mkdir()
        for number in (1, 5, 9):
            Image.new('RGB', (80, 60), (90, 80, 70)).save(tmp_path / folder / f'{number:05d}.png')
    (tmp_path / 'labels').mkdir()
    for number in (1, 5, 9):
        (tmp_path / 'labels' / f'{number:05d}.txt').write_text('1 0.5 0.5 0.3 0.3\n')
    pairs, direction = open_set(f'm3fd:{tmp_path}')
    assert direction == 'visible->infrared' and len(pairs.names) == 3
    assert 0 < len(pairs.targets) < 3  # the test sequences alone
    same, direction = open_set(f'm3fd:{tmp_path}+homologous')
    assert direction == 'visible->visible' and same.dataset == 'm3fd homologous'
    found = {
        'images': [{'id': 1, 'file_name': '00001.png'}],
        'annotations': [{'image_id': 1, 'bbox': [9, 9, 20, 20]}],
    }
    (tmp_path / 'boxes.json').write_text(json.dumps(found))
    pairs, direction = open_set(f'coco:{tmp_path}/boxes.json,{tmp_path}/vi,{tmp_path}/ir')
    assert direction == 'visible->infrared' and len(pairs.targets) == 1


def test_unknown_methods_are_named(tmp_path):
    found = CliRunner().invoke(main, ['judge-matching', '--method', 'magic', '--root', '/nowhere'])
    assert found.exit_code == 1 and 'Cure' in found.output
