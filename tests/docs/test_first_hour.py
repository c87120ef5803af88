# SPDX-License-Identifier: Apache-2.0
"""docs/first-hour.md is lived through: its commands, one after the other, on real things."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tests.docs.fences import ROOT, in_blocks
from xsense_ros.cli import main

PAGE = ROOT / 'docs' / 'first-hour.md'
GALLERY = ROOT / 'samples' / 'robot_home' / 'gallery'
# The reader's things, and what of the sample stands in for them.
THINGS = {
    'coffee mug': 'fox',
    'tennis ball': 'tennis-ball',
    'thermometer': 'digitalthermometer',
    'toy ferry': 'ferry',
}
STRANGER = 'banana'
# `xsense` commands of the page that are not run here, and why.
ELSEWHERE = {
    'replay': 'a minute of recording; tests/ros/test_replay.py plays it',
    'echo': 'runs until Ctrl-C; tests/ros/test_demo_client.py',
    'doctor': 'finds that no camera is there, as the page says; tests/ros/test_doctor*.py',
    'bundle': 'tests/unit/test_cli.py',
}
LIVE = '--live'  # needs a camera; tests/ros/test_services.py


def photo(name: str, seed: int) -> np.ndarray:
    """A thing as another photo would show it: turned, moved, farther away, in other light."""
    picture = cv2.imread(str(GALLERY / f'{name}.jpg'))
    random = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), random.uniform(-15, 15), random.uniform(0.75, 1)
    )
    turned = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    noise = random.normal(0, 3, picture.shape)
    return np.clip(turned * random.uniform(0.75, 1.15) + noise, 0, 255).astype(np.uint8)


def drawing(name: str) -> np.ndarray:
    """The outlines of a thing, dark on white."""
    picture = cv2.resize(cv2.imread(str(GALLERY / f'{name}.jpg')), (320, 320))
    return 255 - cv2.dilate(cv2.Canny(picture, 80, 160), np.ones((2, 2), np.uint8))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's folder, with photos of things, a stranger and a drawing."""
    for label, name in THINGS.items():
        folder = tmp_path / 'things' / label
        folder.mkdir(parents=True)
        for number in range(1, 5):
            cv2.imwrite(str(folder / f'{number}.jpg'), photo(name, number))
    cv2.imwrite(str(tmp_path / 'mug.jpg'), photo(THINGS['coffee mug'], 9))
    cv2.imwrite(str(tmp_path / 'stranger.jpg'), photo(STRANGER, 9))
    cv2.imwrite(str(tmp_path / 'drawn.png'), drawing(THINGS['coffee mug']))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    return tmp_path


@pytest.fixture
def terminal(desk: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The first terminal: `xsense run`, active. The page's port may be taken: it has own tests."""
    log = desk / 'run.log'
    command = [sys.executable, '-m', 'xsense_ros.cli', 'run']
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    with log.open('wb') as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 180
        while 'active: ' not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_first_hour(desk: Path, terminal: subprocess.Popen[bytes]) -> None:
    said = {}
    begun = []
    for command in in_blocks(PAGE):
        program, *words = command.words
        if program != 'xsense' or words[0] in ELSEWHERE or LIVE in words:
            continue
        if words[0] == 'run':
            begun.append(words)
            continue
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, f'{command.place}: {" ".join(words)}\n{done.output}'
        said[' '.join(words)] = done.output
    assert [words[:2] for words in begun] == [['run', '--dashboard']] * 2
    assert begun[1][2:] == ['--params-file', 'thresholds.yaml']
    assert terminal.poll() is None
    assert '16 samples of 4 items' in said['gallery import things']
    assert all(label in said['gallery list'] for label in THINGS)
    for asked in ('query --image mug.jpg', 'query --sketch drawn.png'):
        first = said[asked].splitlines()[0]
        assert 'coffee mug' in first and 'accepted' in first, said[asked]
    assert 'tennis ball' in said['query --text tennis ball'].splitlines()[0]
    assert 'unknown' in said['query --image stranger.jpg']
    assert '5 views' in next(text for words, text in said.items() if words.startswith('enroll'))
    assert 'min_probability' in (desk / 'thresholds.yaml').read_text()
    assert all(cv2.imread(str(desk / name)) is not None for name in ('map.png', 'curves.png'))
    assert (desk / 'desk.xsgallery').stat().st_size > 10_000
