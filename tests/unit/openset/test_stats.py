# SPDX-License-Identifier: Apache-2.0
"""Counts, the map, duplicates and confusable items of galleries whose geometry is known."""

from __future__ import annotations

import base64
import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tests.toy import WORDS, toy_bundle, toy_image
from tests.unit.openset.conftest import DIMENSION, SPACE, unit
from xsense_ros.cli import main
from xsense_ros.encoder import Encoder
from xsense_ros.errors import GalleryError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import encode_media, media_thumbnail
from xsense_ros.openset.evidence import Views
from xsense_ros.openset.lookalikes import find_confusable, find_duplicates
from xsense_ros.openset.map import draw_map, draw_up, principal_plane
from xsense_ros.openset.stats import gallery_stats


def test_the_plane_is_that_of_a_singular_value_decomposition() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((30, 8)) * np.array([9, 5, 1, 1, 1, 1, 1, 1])
    places, explained = principal_plane(rows)
    centred = rows - rows.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    expected = u[:, :2] * s[:2]
    np.testing.assert_allclose(
        np.abs(places), np.abs(expected) / np.abs(expected).max(), atol=1e-9
    )
    assert explained == pytest.approx(s[:2] ** 2 / (s**2).sum(), abs=1e-4)
    again, _ = principal_plane(rows)
    np.testing.assert_array_equal(places, again)
    assert np.abs(places).max() == 1.0


def test_one_item_lies_in_the_middle(make_gallery, spaces) -> None:
    found = draw_up(Views(make_gallery(items=1), spaces))
    assert [(point.x, point.y, point.views) for point in found.points] == [(0.0, 0.0, 3)]
    assert draw_map(found, lambda item: b'no picture').pixels.shape[2] == 3


def test_two_groups_of_things_lie_apart(spaces) -> None:
    rng = np.random.default_rng(1)
    gallery = Gallery.open(':memory:', {SPACE: 'a' * 64})
    ends = np.eye(DIMENSION)[:2]
    for number in range(10):
        vector = unit(ends[number % 2] + 0.05 * rng.standard_normal(DIMENSION))
        gallery.enroll(f'{number}', [View('touch', {SPACE: vector})])
    found = draw_up(Views(gallery, spaces), modality='touch')
    sides = {point.label: point.x > 0 for point in found.points}
    assert len({sides[str(n)] for n in range(0, 10, 2)}) == 1
    assert sides['0'] != sides['1'] and found.explained[0] > 0.9
    with pytest.raises(GalleryError, match='views for a map'):
        draw_up(Views(gallery, spaces), modality='image')


def test_duplicates_and_confusable_are_found(spaces) -> None:
    rng = np.random.default_rng(2)
    gallery = Gallery.open(':memory:', {SPACE: 'a' * 64})
    centres = [unit(rng.standard_normal(DIMENSION)) for _ in range(6)]
    centres[5] = centres[4]  # twins
    for number, centre in enumerate(centres):
        views = [
            View('touch', {SPACE: unit(centre + 0.03 * rng.standard_normal(DIMENSION))})
            for _ in range(4)
        ]
        gallery.enroll(f'thing {number}', views, str(number))
    same = gallery.vectors(SPACE, 'touch').matrix[0].copy()
    gallery.enroll('copy', [View('impact', {SPACE: same}), View('touch', {SPACE: same})], 'copy')
    views = Views(gallery, spaces)
    (duplicate,) = find_duplicates(views, 0.9999)
    assert duplicate.item_ids == ('0', 'copy') and duplicate.modality == 'touch'
    assert duplicate.cosine == pytest.approx(1.0)
    first, *rest = [one for one in find_confusable(views) if one.mistaken]
    assert {*first.item_ids} in ({'4', '5'}, {'0', 'copy'}) and first.asked >= first.mistaken > 0
    assert any({*one.item_ids} == {'4', '5'} for one in [first, *rest])
    assert len(find_duplicates(views, 0.0)) == 100


def test_stats_and_calibration_by_the_command_line(tmp_path) -> None:
    bundle = toy_bundle(tmp_path / 'toy')
    encoder = Encoder([bundle])
    file = tmp_path / 'gallery.db'
    with Gallery.open(file, encoder.fingerprints) as gallery:
        for word in WORDS:
            views = []
            for seed in range(4):
                picture = toy_image(word, seed)
                media, kind = encode_media('image', picture)
                vectors = encoder.encode('image', picture).vectors
                views.append(
                    View('image', vectors, media, kind, media_thumbnail('image', picture))
                )
            gallery.enroll(word, views, word)
    encoder.close()

    def run(*arguments: object):
        given = ['gallery', *map(str, arguments), '--bundle', str(bundle.path)]
        return CliRunner().invoke(main, given)

    done = run('stats', file, '--map', tmp_path / 'map.png')
    assert done.exit_code == 0, done.output
    assert '3 items, 12 views (12 image), 12 with their sample' in done.output
    assert cv2.imread(str(tmp_path / 'map.png')).shape[:2] == (1040, 1000)
    told = json.loads(run('stats', file, '--json').output)
    picture = base64.b64decode(told['map']['points'][0]['thumbnail'].partition(',')[2])
    assert picture[:2] == b'\xff\xd8'
    assert {point['label'] for point in told['map']['points']} == set(WORDS)
    assert told['views'] == {'image': 12}

    done = run('calibrate', file, '--plot', tmp_path / 'c.png', '--params', tmp_path / 'p.yaml')
    assert done.exit_code == 0, done.output
    assert 'image->image' in done.output and (tmp_path / 'c.png').stat().st_size > 1000
    assert 'min_probability' in (tmp_path / 'p.yaml').read_text()
    told = json.loads(run('calibrate', file, '--json').output)
    assert told['found'][0]['thresholds']['rates']['accepted_right'] == 1.0
    for bad in (('nowhere.db',), (file, '--together', 'touch+touch'), (file, '--target', 'text')):
        assert run('calibrate', *bad).exit_code == 2, bad


def test_stats_as_plain_data(make_gallery, spaces) -> None:
    stats = gallery_stats(make_gallery(), spaces, least_cosine=0.9)
    assert stats.items == 12 and stats.views == {'impact': 24, 'touch': 36}
    assert stats.spaces == {SPACE: 60} and stats.kept == 0
    content = json.loads(json.dumps(stats.to_json(lambda item: None)))
    assert content['map']['modality'] == 'impact' or content['map']['modality'] == 'touch'
    assert 'thumbnail' not in content['map']['points'][0]
