# SPDX-License-Identifier: Apache-2.0
"""Pairs of two sensors as they lie on disk."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import tifffile
from PIL import Image

from xsense_ros.errors import InputError
from xsense_training.data.coco_boxes import load_coco_boxes
from xsense_training.data.landsat import BANDS, CONTRAST, PARTS, landsat_pairs, load_landsat
from xsense_training.data.m3fd import (
    CROPPED,
    homologous,
    load_cropped,
    load_m3fd,
    sequences,
    split_by_sequence,
)
from xsense_training.data.registered_pair import grey
from xsense_training.data.root import data_root
from xsense_training.data.tiled_tiff import read_tiff

RNG = np.random.default_rng(0)


def picture(path, size=(40, 30), mode='RGB'):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3) if mode == 'RGB' else (size[1], size[0])
    Image.fromarray(RNG.integers(0, 256, shape, np.uint8), mode).save(path)


class TestTiff:
    @pytest.mark.parametrize('compression', [None, 'zlib'])
    @pytest.mark.parametrize('predictor', [None, 2])
    def test_any_number_of_bands(self, tmp_path, compression, predictor):
        bands = RNG.integers(0, 256, (50, 37, 7), np.uint8)
        path = tmp_path / 'bands.tif'
        options = {'compression': compression} if compression else {}
        if predictor and compression:
            options['predictor'] = predictor
        tifffile.imwrite(
            path, bands, tile=(16, 32), photometric='minisblack', planarconfig='contig', **options
        )
        assert np.array_equal(read_tiff(path), bands)

    def test_what_it_cannot_read_is_named(self, tmp_path):
        tifffile.imwrite(tmp_path / 'deep.tif', np.zeros((32, 32), np.uint16), tile=(16, 16))
        (tmp_path / 'no.tif').write_bytes(b'II*\0')
        for name in ('deep.tif', 'no.tif', 'absent.tif'):
            with pytest.raises(InputError, match='TIFF'):
                read_tiff(tmp_path / name)


@pytest.fixture(scope='module')
def scene():
    try:
        return load_landsat()
    except InputError:
        pytest.skip('landsat is not fetched: xsense-train data fetch landsat')


class TestLandsat:
    def test_what_the_scene_is(self, scene):
        assert scene.visible.shape == (1482, 1489, 3)
        heat, green = scene.others['thermal'], scene.visible[..., 1]
        assert np.corrcoef(green.ravel(), heat.ravel())[0, 1] == pytest.approx(-0.13, abs=0.005)
        assert {name: band.shape for name, band in scene.others.items()} == dict.fromkeys(
            BANDS, (1482, 1489)
        )

    def test_no_pixel_on_two_sides(self, scene):
        columns = sorted(PARTS.values())
        assert all(b[0] - a[1] >= 64 for a, b in pairwise(columns))
        pair = scene.pair('test', 'thermal')
        first, last = PARTS['test']
        assert np.array_equal(pair.infrared, scene.others['thermal'][:, first:last])

    def test_targets_have_contrast_in_both_bands(self, scene):
        pairs = landsat_pairs('val')
        pair = pairs.load(0)
        boxes = {target.box for target in pairs.targets}
        columns, rows = pair.size
        for y in range(0, rows - 63, 32 * 5):
            for x in range(0, columns - 63, 32 * 3):
                cut = np.s_[y : y + 64, x : x + 64]
                varies = min(grey(pair.visible)[cut].std(), pair.infrared[cut].std()) >= CONTRAST
                assert ((x, y, 64, 64) in boxes) == varies

    def test_unknown_names(self, scene):
        with pytest.raises(InputError, match='part'):
            landsat_pairs('north')
        with pytest.raises(InputError, match='band'):
            landsat_pairs('test', band='ultraviolet')


def test_landsat_says_how_to_get_it(tmp_path):
    with pytest.raises(InputError, match='data fetch landsat'):
        load_landsat(tmp_path)
    assert data_root(tmp_path) == tmp_path


class TestM3fd:
    @pytest.fixture
    def root(self, tmp_path):
        for name in ('00001', '00002', '00007', '00100'):
            picture(tmp_path / 'vi' / f'{name}.png')
            picture(tmp_path / 'ir' / f'{name}.png', mode='L')
            lines = '0 0.5 0.5 0.5 0.5\n\n5 0.05 0.5 0.8 0.8\n1 0.5 0.5 0.1 0.1\n'
            (tmp_path / 'labels').mkdir(exist_ok=True)
            (tmp_path / 'labels' / f'{name}.txt').write_text(lines)
        return tmp_path

    def test_its_own_layout(self, root):
        pairs = load_m3fd(root)
        assert pairs.names == ('00001', '00002', '00007', '00100')
        # The third box is 4 x 3 pixels; the second reaches out of the picture on the left.
        first, second = (t for t in pairs.targets if t.pair == 0)
        assert (first.label, first.box) == ('People', (10, 7.5, 20, 15))
        assert second.label == 'Truck' and second.box == pytest.approx((0, 3, 18, 24))
        pair = pairs.load(2)
        assert pair.visible.shape == (30, 40, 3) and pair.infrared.shape == (30, 40)
        with Image.open(root / 'ir' / '00007.png') as image:
            assert np.array_equal(pair.infrared, np.asarray(image))
        same = homologous(pairs).load(2)
        assert np.abs(same.infrared - grey(pair.visible)).max() <= 0.5

    def test_split_by_sequence(self, root):
        pairs = load_m3fd(root)
        assert pairs.sequence == {
            '00001': '00001', '00002': '00001', '00007': '00007', '00100': '00100',
        }  # fmt: skip
        split = split_by_sequence(pairs, test=0.34)
        assert split.disjoint == ('sequence',)
        long = sequences(tuple(f'{n:05d}' for n in range(120)))
        assert sorted(set(long.values())) == ['00000', '00050', '00100']

    def test_the_preprocessed_layout(self, tmp_path):
        for part in ('train', 'test'):
            for name in ('00001_0', '00001_1'):
                for folder in ('vis', 'lwir'):
                    picture(tmp_path / part / folder / f'{name}.png', (CROPPED, CROPPED))
            boxes = {'00001_0': [3, 4, 101, 51], '00001_1': [0, 0, 20, 30]}
            (tmp_path / part / 'gt.json').write_text(json.dumps(boxes))
        pairs = load_cropped(tmp_path, 'test')
        # Pixel 255 is the middle one whatever x and y say.
        assert pairs.targets[0].box == (205, 230, 101, 51)
        assert set(pairs.sequence.values()) == {'00001'}
        assert pairs.load(1).infrared.shape == (CROPPED, CROPPED)

    def test_faults_are_named(self, root):
        (root / 'labels' / '00002.txt').write_text('0 0.5 0.5 0.5\n')
        with pytest.raises(InputError, match=r'00002.txt line 1'):
            load_m3fd(root)
        (root / 'ir' / '00007.png').unlink()
        with pytest.raises(InputError, match='00007'):
            load_m3fd(root)
        with pytest.raises(InputError, match='visible'):
            load_m3fd(root / 'labels')
        (root / 'test' / 'vis').mkdir(parents=True)
        (root / 'test' / 'lwir').mkdir()
        (root / 'test' / 'gt.json').write_text('{"a": [1, 2, 3]}')
        with pytest.raises(InputError, match=r'gt\.json'):
            load_cropped(root, 'test')


def test_coco_boxes(tmp_path):
    for folder in ('vis', 'ir'):
        picture(tmp_path / folder / 'a.png')
    found = {
        'images': [{'id': 7, 'file_name': 'a.png'}],
        'categories': [{'id': 3, 'name': 'dog'}],
        'annotations': [
            {'image_id': 7, 'bbox': [1, 2, 20, 15], 'category_id': 3},
            {'image_id': 7, 'bbox': [1, 2, 20, 5], 'category_id': 3},
            {'image_id': 7, 'bbox': [1, 2, 20, 15], 'category_id': 3, 'iscrowd': 1},
        ],
    }
    path = tmp_path / 'instances.json'
    path.write_text(json.dumps(found))
    pairs = load_coco_boxes(path, tmp_path / 'vis', tmp_path / 'ir')
    assert [(t.pair, t.box, t.label) for t in pairs.targets] == [(0, (1, 2, 20, 15), 'dog')]
    pair, alone = pairs.load(0), load_coco_boxes(path, tmp_path / 'vis').load(0)
    assert not np.array_equal(pair.infrared, alone.infrared)
    assert np.abs(alone.infrared - grey(alone.visible)).max() <= 0.5
    with pytest.raises(InputError, match='pictures'):
        load_coco_boxes(path, tmp_path)
    path.write_text('[]')
    with pytest.raises(InputError, match='COCO'):
        load_coco_boxes(path, tmp_path / 'vis')
