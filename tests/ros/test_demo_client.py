# SPDX-License-Identifier: Apache-2.0
"""The commands that speak to a running node, over DDS."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import soundfile
from click.testing import CliRunner, Result
from xsense_ros.msg import MatchArray

from tests.ros.harness import Robot, received
from tests.toy import toy_image, toy_sound
from tests.waiting import eventually
from xsense_ros.cli import main

pytestmark = pytest.mark.ros


def run(robot: Robot, *arguments: object) -> Result:
    node = ['--node', f'{robot.namespace}/retrieval', '--timeout', '20']
    return CliRunner().invoke(main, [*map(str, arguments), *node])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / 'red.png'), toy_image('red', 7)[..., ::-1])
    return tmp_path / 'red.png'


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    wave = toy_sound('blue', 7)
    soundfile.write(tmp_path / 'blue.wav', wave.samples, wave.sample_rate)
    return tmp_path / 'blue.wav'


def test_enroll_list_show_forget(robot: Robot, picture: Path, sound: Path) -> None:
    views = ['--image', picture, '--image', picture, '--sound', sound, '--text', 'red']
    enrolled = run(robot, 'enroll', 'my mug', *views, '--id', 'mug')
    assert enrolled.output == 'mug: my mug, 4 views\n'
    assert '4 items' in run(robot, 'gallery', 'list').output
    saved = picture.with_name('saved.jpg')
    shown = run(robot, 'gallery', 'show', 'mug', '--picture', saved)
    assert '2 image, 1 sound, 1 text' in shown.output
    assert cv2.imread(str(saved)) is not None
    assert run(robot, 'gallery', 'forget', 'mug', 'blue').exit_code == 0
    assert '2 items' in run(robot, 'gallery', 'list', '--contains', 'e').output


def test_asks_with_each_sense(robot: Robot, picture: Path, sound: Path) -> None:
    for arguments, word in (
        (['--image', picture], 'red'),
        (['--sound', sound], 'blue'),
        (['--text', 'green'], 'green'),
    ):
        answer = json.loads(run(robot, 'query', *arguments, '--json').output)
        assert set(answer) == set(MatchArray.get_fields_and_field_types())
        assert answer['matches'][0]['item_id'] == word
        assert answer['query_modality'] == str(arguments[0])[2:]
    lines = run(robot, 'query', '--text', 'green', '--top', 2).output.splitlines()
    assert lines[0].split()[2] == 'green' and lines[1].startswith('  2')


def test_asks_with_several_senses_at_once(robot: Robot, picture: Path, sound: Path) -> None:
    samples = ['--image', picture, '--text', 'red']
    answer = json.loads(run(robot, 'query', *samples, '--json').output)
    assert answer['query_modality'] == 'image+text'
    assert answer['matches'][0]['item_id'] == 'red'
    lines = run(robot, 'query', *samples, '--top', 1).output.splitlines()
    assert lines[1] == 'answered as one: image+text' and 'fusion.min_probability' in lines[2]
    robot.operator.publish('camera/image', robot.operator.image('blue'))
    eventually(lambda: received(robot, 'image') == 1)
    now = ['--live', 'image', '--sound', sound]
    answer = json.loads(run(robot, 'query', *now, '--json').output)
    assert answer['query_modality'] == 'image+sound'
    assert answer['matches'][0]['item_id'] == 'blue'


def test_words_of_the_node_are_passed_on(robot: Robot, picture: Path) -> None:
    for arguments in (
        ['gallery', 'forget', 'nobody'],
        ['gallery', 'show', 'nobody'],
        ['enroll', 'x', '--live', 'image'],
        ['query', '--live', 'sound'],
        ['query', '--live', 'image', '--image', picture],
    ):
        done = run(robot, *arguments)
        assert done.exit_code == 1
        assert done.output.startswith('Error: ') and 'Cure: ' in done.output


@pytest.mark.parametrize('as_json', [False, True])
def test_echo(robot: Robot, as_json: bool) -> None:
    topic = f'{robot.namespace}/matches'
    command = [sys.executable, '-m', 'xsense_ros.cli', 'echo', '--once', '--topic', topic]
    process = subprocess.Popen(
        [*command, *(['--json'] if as_json else [])], stdout=subprocess.PIPE, text=True
    )
    try:
        # An answer that is published before both ends have found each other is lost: ask again.
        for _ in range(120):
            robot.operator.publish('text', robot.operator.text('blue'))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
                break
        (line,) = process.communicate(timeout=30)[0].splitlines()
    finally:
        process.kill()
    assert process.returncode == 0
    if as_json:
        assert json.loads(line)['matches'][0]['item_id'] == 'blue'
    else:
        assert '"blue"' in line
