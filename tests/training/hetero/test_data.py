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
    cropped_pictures,
    homologous,
    load_cropped,
    load_m3fd,
    pictures,
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

    def test_split_by_sequence(self, root):
        pairs = load_m3fd(root)
        assert pairs.sequence == {
            '00001': '00001', '00002': '00001', '00007': '00007', '00100': '00100',
        }  # fmt: skip
        split = split_by_sequence(pairs, test=0.34)
        assert split.disjoint == ('sequence',)
        long = sequences(tuple(f'{n:05d}' for n in range(120)))
        assert sorted(set(long.values())) == ['00000', '00050', '00100']

    def test_the_folder_of_its_own_code_around_it(self, root, tmp_path):
        inner = tmp_path / 'm3fd'
        inner.mkdir()
        for name in ('vi', 'ir', 'labels'):
            (root / name).rename(inner / name)
        assert len(load_m3fd(tmp_path).names) == 4
        assert len(pictures(tmp_path)) == 8

    def test_small_boxes_where_they_are_asked_for(self, root):
        assert len(load_m3fd(root).targets) == 4 * 2
        assert len(load_m3fd(root, least=0.0).targets) == 4 * 3

    def test_lists_must_name_pictures_but_do_not_split(self, root):
        (root / 'meta').mkdir()
        (root / 'meta' / 'train.txt').write_text('00001.png\n00007.png\n')
        (root / 'meta' / 'val.txt').write_text('00002.png\n')
        pairs = load_m3fd(root)
        assert pairs.sequence['00001'] == pairs.sequence['00002']
        (root / 'meta' / 'pred.txt').write_text('00003.png\n')
        with pytest.raises(InputError, match='00003'):
            load_m3fd(root)

    def test_sequences_by_whoever_knows_them(self, root):
        file = root / 'sequences.txt'
        file.write_text('00001 north\n00100 north\n\n00002 south\n00007 south\n')
        pairs = load_m3fd(root)
        assert pairs.sequence == {
            '00001': 'north', '00002': 'south', '00007': 'south', '00100': 'north',
        }  # fmt: skip
        parts = split_by_sequence(pairs, val=0.0).parts
        assert {frozenset(parts['train']), frozenset(parts['test'])} == {
            frozenset({'00001', '00100'}), frozenset({'00002', '00007'}),
        }  # fmt: skip
        for wrong, message in (
            ('00001 north\n', 'without a sequence'),
            ('00001 north\n00001 south\n', 'twice'),
            ('00001 far north\n', 'far north'),
        ):
            file.write_text(wrong)
            with pytest.raises(InputError, match=message):
                load_m3fd(root)

    @pytest.fixture
    def cropped(self, tmp_path):
        boxes = {'00001_0': [3, 4, 101, 51], '00001_1': [0, 0, 20, 30]}
        others = {'00002_0': [0, 0, 40, 30], '00200_0': [0, 0, 40, 30]}
        folder = tmp_path / 'Data' / 'm3fd'
        for part, found in (('test', boxes), ('train', others)):
            for name in found:
                for sensor, mode in (('vis', 'RGB'), ('lwir', 'L')):
                    picture(folder / part / sensor / f'{name}.png', (CROPPED, CROPPED), mode)
            (folder / part / 'gt.json').write_text(json.dumps(found))
        return tmp_path

    def test_the_preprocessed_layout(self, cropped):
        pairs = load_cropped(cropped, 'test')
        # Pixel 255 is the middle one whatever x and y say.
        assert pairs.targets[0].box == (205, 230, 101, 51)
        assert set(pairs.sequence.values()) == {'00001'}
        assert pairs.load(1).infrared.shape == (CROPPED, CROPPED)
        assert load_cropped(cropped / 'Data' / 'm3fd', 'test').names == pairs.names
        assert len(cropped_pictures(cropped)) == 8

    def test_the_preprocessed_layout_split_by_sequence(self, cropped):
        """Targets of one image, and of the next one, are together wherever they were put."""
        pairs = load_cropped(cropped)
        assert pairs.names == ('00001_0', '00001_1', '00002_0', '00200_0')
        parts = split_by_sequence(pairs, val=0.0).parts
        assert {'00001_0', '00001_1', '00002_0'} in ({*parts['train']}, {*parts['test']})
        (cropped / 'Data' / 'm3fd' / 'sequences.txt').write_text('00001 a\n00002 b\n00200 b\n')
        run = load_cropped(cropped).sequence
        assert run['00001_0'] == run['00001_1'] == 'a' and run['00002_0'] == run['00200_0'] == 'b'
        train = cropped / 'Data' / 'm3fd' / 'train'
        (train / 'gt.json').write_text('{"00001_1": [0, 0, 20, 30]}')
        for sensor in ('vis', 'lwir'):
            picture(train / sensor / '00001_1.png', (CROPPED, CROPPED))
        with pytest.raises(InputError, match='train and in test'):
            load_cropped(cropped)

    def test_homologous(self, root, cropped):
        """The same questions, the visible picture searched in place of the infrared one."""
        for pairs in (load_m3fd(root), load_cropped(cropped, 'test')):
            same = homologous(pairs)
            assert (same.targets, same.names) == (pairs.targets, pairs.names)
            assert same.sequence == pairs.sequence and same.dataset.endswith('homologous')
            for number in range(len(pairs.names)):
                one, other = pairs.load(number), same.load(number)
                assert np.array_equal(one.visible, other.visible)
                assert np.abs(other.infrared - grey(one.visible)).max() <= 0.5
                assert not np.array_equal(one.infrared, other.infrared)

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
