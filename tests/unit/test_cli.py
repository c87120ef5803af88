# SPDX-License-Identifier: Apache-2.0
"""The command line: quick help, one clear line for every mistake, work on files without ROS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.toy import toy_bundle
from xsense_ros import cli
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View

HEAVY = ('rclpy', 'cv2', 'onnxruntime', 'numpy', 'rich', 'tokenizers', 'xsense_ros.nodes')


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from xsense_ros.cli import main
assert main(['--help']) == 0
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'
    for command in cli._COMMANDS:
        assert f'\n  {command} ' in done.stdout


@pytest.mark.parametrize('name', cli._COMMANDS)
def test_line_in_the_list_is_the_first_of_the_command(name: str) -> None:
    command = cli.cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    line = cli._COMMANDS[name][2]
    assert (command.help or '').splitlines()[0].rstrip('.').startswith(line.split(':')[0][:12])
    assert 'xsense ' in (command.help or ''), 'has an example'


@pytest.mark.parametrize(
    'arguments',
    [
        ['nonsense'],
        ['enroll', 'a thing'],
        ['enroll'],
        ['query'],
        ['query', '--text', 'a', '--image', 'b.png'],
        ['replay', 'bag', '--rate', '-1'],
        ['gallery', 'forget'],
        ['--nonsense'],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert 'Error:' in error and 'Traceback' not in error


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['replay', 'no/such/bag'], 'metadata.yaml'),
        (['demo', '--sample', 'no/such/folder'], 'metadata.yaml'),
        (['bundle', 'verify', 'no-such-bundle'], 'XSENSE_BUNDLE_PATH'),
        (['bundle', 'show', 'no-such-bundle'], 'XSENSE_BUNDLE_PATH'),
        (['gallery', 'list', '--file', 'no.db'], 'an existing file'),
        (['enroll', 'x', '--image', 'no.png'], 'correct the path'),
        (['enroll', 'x', '--image', 'no.gif'], 'convert it'),
        (['query', '--sound', 'no.wav'], 'WAV'),
    ],
)
def test_failure_is_1_and_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith('xsense: ') and error.count('\n') == 1
    assert says in error and 'Cure:' in error


def test_no_node_is_said_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ['gallery', 'list', '--node', '/nobody/here', '--timeout', '0.3']
    assert cli.main(arguments) == 1
    assert 'ROS_DOMAIN_ID' in capsys.readouterr().err


class TestBundle:
    def test_list_show_verify(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        toy_bundle(tmp_path / 'toy')
        monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(tmp_path))
        assert cli.main(['bundle', 'list']) == 0
        assert f'image, sound, text       {tmp_path / "toy"}' in capsys.readouterr().out
        assert cli.main(['bundle', 'show', 'toy']) == 0
        assert 'dimensions' in capsys.readouterr().out
        assert cli.main(['bundle', 'verify', 'toy']) == 0
        assert 'whole' in capsys.readouterr().out

    def test_damaged(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        toy_bundle(tmp_path / 'toy')
        model = next((tmp_path / 'toy').glob('*.onnx'))
        model.write_bytes(model.read_bytes() + b'\0')
        assert cli.main(['bundle', 'verify', str(tmp_path / 'toy')]) == 1
        assert model.name in capsys.readouterr().err


class TestGalleryFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        vector = np.eye(4, dtype=np.float32)
        with Gallery.open(tmp_path / 'g.db', {'space': 'f' * 64}) as gallery:
            for row, label in zip(vector, ('red mug', 'blue cup'), strict=False):
                view = View('image', {'space': row}, thumbnail=b'\xff\xd8jpeg')
                gallery.enroll(label, [view], label.replace(' ', '-'))
        return tmp_path / 'g.db'

    def test_list(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(['gallery', 'list', '--file', str(file), '--contains', 'MUG']) == 0
        out = capsys.readouterr().out
        assert 'red-mug' in out and 'blue' not in out and '1 item\n' in out

    def test_show(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        picture = file.with_suffix('.jpg')
        arguments = ['gallery', 'show', 'red-mug', '--file', str(file), '--picture', str(picture)]
        assert cli.main(arguments) == 0
        assert '1 image' in capsys.readouterr().out
        assert picture.read_bytes() == b'\xff\xd8jpeg'

    def test_forget(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(['gallery', 'forget', 'red-mug', '--file', str(file)]) == 0
        assert cli.main(['gallery', 'forget', 'red-mug', '--file', str(file)]) == 1
        with Gallery.open(file) as gallery:
            assert [item.item_id for item in gallery.items()] == ['blue-cup']
        assert 'red-mug' in capsys.readouterr().err


def test_plain_values_are_json() -> None:
    from xsense_ros.msg import Embedding, Match, MatchArray

    from xsense_ros.nodes.plain import to_plain

    answer = MatchArray(matches=[Match(rank=1, score=0.1)], target_modalities=['image'])
    plain = json.loads(json.dumps(to_plain(answer)))
    assert set(plain) == set(MatchArray.get_fields_and_field_types())
    assert plain['matches'][0]['score'] == 0.1, 'the shortest decimal of that float32'
    assert plain['header'] == {'stamp': {'sec': 0, 'nanosec': 0}, 'frame_id': ''}
    assert to_plain(Embedding(vector=[0.25, 0.1]))['vector'] == [0.25, 0.1]
