# SPDX-License-Identifier: Apache-2.0
"""The commands that speak to a running node, over DDS."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from xsense_ros.msg import MatchArray

from tests.ros.harness import Robot
from tests.toy import toy_image
from xsense_ros import cli
from xsense_ros.errors import InputError
from xsense_ros.nodes.client import sound_sample

pytestmark = pytest.mark.ros


@pytest.fixture
def node(robot: Robot) -> list[str]:
    """Options that name the node of this test, which remembers red, green and blue."""
    return ['--node', f'{robot.namespace}/retrieval', '--timeout', '20']


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / 'p.png'), toy_image('red', 7)[..., ::-1])
    return tmp_path / 'p.png'


def test_enroll_list_show_forget(
    node: list[str], picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    views = ['--image', str(picture), '--image', str(picture), '--text', 'red']
    assert cli.main(['enroll', 'my mug', *views, '--id', 'mug', *node]) == 0
    assert capsys.readouterr().out == 'mug: my mug, 3 views\n'
    assert cli.main(['gallery', 'list', *node]) == 0
    assert '4 items' in capsys.readouterr().out
    saved = picture.with_name('saved.jpg')
    assert cli.main(['gallery', 'show', 'mug', '--picture', str(saved), *node]) == 0
    assert '2 image, 1 text' in capsys.readouterr().out
    assert cv2.imread(str(saved)) is not None
    assert cli.main(['gallery', 'forget', 'mug', 'blue', *node]) == 0
    assert cli.main(['gallery', 'list', '--contains', 'e', *node]) == 0
    assert '2 items' in capsys.readouterr().out


def test_query(node: list[str], picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['query', '--image', str(picture), '--top', '2', *node]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[2] == 'red' and lines[1].startswith('  2')
    assert cli.main(['query', '--text', 'green', '--json', *node]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == set(MatchArray.get_fields_and_field_types())
    assert answer['query_text'] == 'green' and answer['matches'][0]['item_id'] == 'green'


def test_words_of_the_node_are_passed_on(
    node: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(['gallery', 'forget', 'nobody', *node]) == 1
    assert cli.main(['gallery', 'show', 'nobody', *node]) == 1
    assert cli.main(['enroll', 'x', '--live', 'image', *node]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith('xsense: ') and 'Cure:' in line for line in errors)


@pytest.mark.parametrize('as_json', [False, True])
def test_echo(robot: Robot, as_json: bool) -> None:
    command = [sys.executable, '-m', 'xsense_ros.cli', 'echo', '--count', '2']
    options = ['--topic', f'{robot.namespace}/matches', *(['--json'] if as_json else [])]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        robot.operator.publish('text', robot.operator.text('blue'))
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    assert process.returncode == 0 and process.stdout is not None
    lines = process.stdout.read().splitlines()
    assert len(lines) == 2
    if as_json:
        assert all(json.loads(line)['matches'][0]['item_id'] == 'blue' for line in lines)
    else:
        assert all('"blue"' in line for line in lines)


class TestSoundSample:
    def write(self, path: Path, width: int) -> Path:
        with wave.open(str(path), 'wb') as file:
            file.setparams((2, width, 8000, 0, 'NONE', ''))
            file.writeframes(np.arange(width * 2 * 10, dtype=np.uint8).tobytes())
        return path

    def test_16_bit_stereo_becomes_mono(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / 's.wav', 2)
        sound = sound_sample(path).sound
        assert (sound.encoding, sound.channels, sound.sample_rate) == ('F32LE', 1, 8000)
        stereo = np.arange(40, dtype=np.uint8).view('<i2').reshape(-1, 2) / 2**15
        heard = np.frombuffer(bytes(sound.data), '<f4')
        np.testing.assert_allclose(heard, stereo.mean(axis=1), atol=1e-7)

    def test_no_sound_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / 's.wav'
        path.write_bytes(b'RIFF, but no more')
        with pytest.raises(InputError, match=r's\.wav'):
            sound_sample(path)
