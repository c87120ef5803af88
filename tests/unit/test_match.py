# SPDX-License-Identifier: Apache-2.0
"""`xsense match`: two files in, an answer and a picture out, a status that tells them apart."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.toy import toy_bundle
from tests.toy_matcher import toy_matcher_bundle, toy_scene
from xsense_ros.cli import main
from xsense_ros.matching.boxes import overlap

BOX = [300, 200, 60, 50]
AT = ','.join(map(str, BOX))


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('match')
    toy_matcher_bundle(folder / 'toy')
    toy_bundle(folder / 'towers')
    visible, infrared = toy_scene(3)
    grey = cv2.normalize(infrared, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    kelvin = (infrared * 0.04).astype(np.float32)
    pictures = {
        'visible.png': visible[..., ::-1],
        'visible.tiff': visible[..., ::-1],
        'counts.png': infrared,
        'grey.jpg': grey,
        'degrees.tiff': kelvin,
        'colours.png': cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO),
        'half.png': cv2.resize(grey, (320, 240), interpolation=cv2.INTER_AREA),
        'shifted.png': np.roll(infrared, (-140, 180), axis=(0, 1)),
        'another.png': toy_scene(44)[1],
        'covered.png': np.full((480, 640), 7300, np.uint16),
    }
    for name, pixels in pictures.items():
        assert cv2.imwrite(str(folder / name), pixels)
    (folder / 'cut.png').write_bytes((folder / 'counts.png').read_bytes()[:9000])
    (folder / 'not.png').write_text('no picture')
    return folder


@pytest.fixture
def match(files, tmp_path, monkeypatch):
    monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(files))
    monkeypatch.chdir(tmp_path)

    def run(visible: str, box: str, infrared: str, *more: str) -> Result:
        paths = str(files / visible), box, str(files / infrared)
        return CliRunner().invoke(main, ['match', *paths, '--bundle', 'toy', *more])

    return run


@pytest.mark.parametrize(
    ('visible', 'infrared', 'more'),
    [
        ('visible.png', 'counts.png', []),
        ('visible.tiff', 'grey.jpg', []),
        ('visible.png', 'degrees.tiff', []),
        ('visible.png', 'colours.png', ['--palette', 'ironbow']),
        ('visible.png', 'half.png', ['--homography', '0.5,0,0,0,0.5,0,0,0,1']),
    ],
)
def test_found_is_0(match, tmp_path, visible, infrared, more):
    done = match(visible, AT, infrared, *more, '--json')
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    expected = np.array(BOX) / (2 if 'half' in infrared else 1)
    assert overlap(answer['box_infrared'], expected) > 0.75
    assert answer['found'] is True
    assert answer['probability'] >= answer['min_probability']
    assert answer['bundle'] == 'toy 0.0.1'
    assert set(answer['milliseconds']) == {'read', 'encode', 'cut', 'search', 'draw'}
    drawn = cv2.imread(str(tmp_path / 'match.jpg'))
    assert drawn.shape == (480 + 76, 1280, 3)


def test_the_answer_in_words(match, tmp_path):
    done = match('visible.png', AT, 'counts.png', '--out', str(tmp_path / 'here.png'))
    first, second, third = done.stdout.splitlines()
    assert first.startswith('found at ')
    assert 'probability' in first
    assert second == f'picture {tmp_path / "here.png"}'
    assert (tmp_path / 'here.png').is_file()
    for word in ('toy 0.0.1', 'read', 'encode', 'cut', 'search', 'draw'):
        assert word in third


def test_not_found_is_1_and_everywhere_finds_it(match):
    done = match('visible.png', AT, 'shifted.png')
    assert done.exit_code == 1
    assert 'not found: not in the window' in done.stdout
    assert '--everywhere' in done.stdout
    done = match('visible.png', AT, 'shifted.png', '--everywhere', '--json')
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert overlap(answer['box_infrared'], [480, 60, 60, 50]) > 0.8
    assert answer['mode'] == 'tiles'


def test_nowhere_is_1(match, tmp_path):
    done = match('visible.png', AT, 'another.png', '--everywhere')
    assert done.exit_code == 1
    assert 'not found: nowhere in the frame' in done.stdout
    assert (tmp_path / 'match.jpg').is_file()


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['visible.png', AT, 'missing.png'], 'correct the path'),
        (['missing.png', AT, 'counts.png'], 'correct the path'),
        (['visible.png', AT, 'cut.png'], 'complete frame'),
        (['visible.png', AT, 'not.png'], 'JPEG or PNG'),
        (['counts.png', AT, 'visible.png'], 'are swapped, swap them'),
        (['visible.png', AT, 'visible.png'], 'are swapped, swap them'),
        (['visible.png', AT, 'covered.png'], 'lens cap'),
        (['visible.png', AT, 'half.png'], 'homography 0.5,0,0,0,0.5,0,0,0,1'),
        (['visible.png', '600,200,60,50', 'counts.png'], 'inside 640 x 480'),
        (['visible.png', '300,200,9,50', 'counts.png'], 'at least 10 pixels'),
        (['visible.png', '300,200,60', 'counts.png'], 'give 4 numbers'),
        (['visible.png', 'a,b,c,d', 'counts.png'], 'give 4 numbers'),
        (['visible.png', AT, 'counts.png', '--homography', '1,2,3'], 'give 9 numbers'),
        (['visible.png', AT, 'counts.png', '--homography', '0,0,0,0,0,0,0,0,0'], 'inverse'),
        (['visible.png', AT, 'counts.png', '--palette', 'hot'], 'clear the palette'),
        (['visible.png', AT, 'colours.png', '--palette', 'mauve'], 'mauve'),
        (['visible.png', AT, 'counts.png', '--out', 'x.nonsense'], '--out'),
        (['visible.png', AT, 'counts.png', '--out', '/proc/none/x.jpg'], '--out'),
        (['visible.png', AT, 'counts.png', '--bundle', 'no-such'], 'no-such'),
        (['visible.png', AT, 'counts.png', '--bundle', 'towers'], 'at least one matcher'),
    ],
)
def test_bad_input_is_2_and_one_line(match, arguments, says):
    if len(arguments) < 3:
        arguments = [*arguments, '']
    done = (
        match(*arguments) if arguments[2] else CliRunner().invoke(main, ['match', 'a', '1,2,3,4'])
    )
    assert done.exit_code == 2, done.output
    assert says in done.output
    assert 'Traceback' not in done.output
    assert done.stdout == ''
