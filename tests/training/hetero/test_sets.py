# SPDX-License-Identifier: Apache-2.0
"""Sets of pairs by name, and their parts."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from xsense_ros.errors import InputError
from xsense_training.recipes.hetero.questions import (
    FOR_CALIBRATION,
    ON_EMBEDDED,
    for_calibration,
    questions,
)
from xsense_training.recipes.hetero.sets import open_set


@pytest.mark.parametrize(
    'text', ['kitti:/data', 'm3fd', 'made:sonar', 'landsat:ultraviolet', 'coco:a.json']
)
def test_unknown_sets_are_named(text, tmp_path):
    with pytest.raises(InputError, match='got'):
        open_set(text, tmp_path)
    with pytest.raises(InputError, match='part of made scenes'):
        open_set('made:thermal', tmp_path, 'train')


def write_m3fd(folder, names):
    for part in ('vi', 'ir'):
        (folder / part).mkdir()
        for name in names:
            Image.new('RGB', (80, 60), (90, 80, 70)).save(folder / part / f'{name}.png')
    (folder / 'labels').mkdir()
    for name in names:
        (folder / 'labels' / f'{name}.txt').write_text('1 0.5 0.5 0.3 0.3\n')


def test_parts_of_m3fd_share_no_sequence(tmp_path):
    write_m3fd(tmp_path, [f'{number:05d}' for number in range(1, 42, 2)])
    parts = {part: open_set(f'm3fd:{tmp_path}', None, part) for part in ('train', 'val', 'test')}
    asked = [{t.pair for t in pairs.targets} for pairs, _ in parts.values()]
    assert all(asked) and sum(map(len, asked)) == 21 == len(set().union(*asked))
    pairs, direction = parts['test']
    assert direction == 'visible->infrared' and len(pairs.names) == 21
    same, direction = open_set(f'm3fd:{tmp_path}+homologous')
    assert direction == 'visible->visible' and same.dataset == 'm3fd homologous'
    assert same.targets == pairs.targets


def test_parts_of_the_preprocessed_layout(tmp_path):
    for part, numbers in (('train', range(1, 60, 3)), ('test', range(100, 110, 3))):
        for side in ('vis', 'lwir'):
            (tmp_path / part / side).mkdir(parents=True)
            for number in numbers:
                picture = Image.new('RGB', (511, 511), (9, 80, 7))
                picture.save(tmp_path / part / side / f'{number:05d}_0.png')
        truth = {f'{number:05d}_0': [0, 0, 60, 40] for number in numbers}
        (tmp_path / part / 'gt.json').write_text(json.dumps(truth))
    found = {
        part: {t.pair for t in open_set(f'm3fd-cropped:{tmp_path}', None, part)[0].targets}
        for part in ('train', 'val', 'test')
    }
    assert sum(map(len, found.values())) == 24 == len(set().union(*found.values()))
    assert len(found['train']) > len(found['val']) > 0 < len(found['test'])


def test_coco(tmp_path):
    write_m3fd(tmp_path, ['00001'])
    found = {
        'images': [{'id': 1, 'file_name': '00001.png'}],
        'annotations': [{'image_id': 1, 'bbox': [9, 9, 20, 20]}],
    }
    (tmp_path / 'boxes.json').write_text(json.dumps(found))
    pairs, direction = open_set(f'coco:{tmp_path}/boxes.json,{tmp_path}/vi,{tmp_path}/ir')
    assert direction == 'visible->infrared' and len(pairs.targets) == 1
    _, direction = open_set(f'coco:{tmp_path}/boxes.json,{tmp_path}/vi')
    assert direction == 'visible->visible'


def test_what_is_asked():
    splits = [(q.source, q.split) for q in ON_EMBEDDED]
    assert len(set(splits)) == len(splits)
    assert all('a control' in q.split for q in ON_EMBEDDED if q.protocol == 'centred')
    # What training never sees is neither chosen nor calibrated on.
    unseen = {q.source for q in ON_EMBEDDED if q.unseen}
    assert unseen == {'landsat:long short-wave', 'made:radar'}
    assert not unseen & {q.source for q in FOR_CALIBRATION}
    assert {q.protocol for q in questions('m3fd:/x')} >= {'centred', 'harder'}
    assert [q.source for q in for_calibration('m3fd:/x')] == ['m3fd:/x']
