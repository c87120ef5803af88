# SPDX-License-Identifier: Apache-2.0
"""The command line: quick help, one clear line for every mistake, work on files without ROS."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.toy import toy_bundle
from tests.toy_matcher import toy_matcher_bundle
from xsense_ros.cli import COMMANDS, main
from xsense_ros.encoder import Encoder
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import encode_media

HEAVY = ('rclpy', 'cv2', 'onnxruntime', 'numpy', 'rich', 'tokenizers', 'xsense_ros.nodes')


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from xsense_ros.cli import main
main(['--help'], standalone_mode=False)
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'
    for name, line in COMMANDS.items():
        assert f'\n  {name} ' in done.stdout
        assert line.split(',')[0] in done.stdout


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    for option in ('--help', '-h'):
        done = run(name, option)
        assert done.exit_code == 0
        assert f'xsense {name}' in done.output


@pytest.mark.parametrize(
    'arguments',
    [
        ['nonsense'],
        ['enroll', 'a thing'],
        ['enroll'],
        ['query'],
        ['query', '--sketch', 'a.png', '--target', 'smell'],
        ['query', '--touch', 'a.png'],
        ['query', '--image', 'a.png', '--background', 'b.png'],
        ['enroll', 'x', '--text', 'a', '--profile', 'digit'],
        ['replay', 'bag', '--rate', '-1'],
        ['gallery', 'forget'],
        ['--nonsense'],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert 'Error: ' in done.output


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
        (['enroll', 'x', '--sketch', 'no.gif'], 'convert it'),
        (['query', '--sketch', 'no.png'], 'correct the path'),
        (['query', '--sound', 'no.wav'], 'no.wav'),
        (['query', '--impact', 'no.wav'], 'no.wav'),
        (['query', '--touch', 'no.png', '--serial', 'D1'], 'correct the path'),
        (['enroll', 'x', '--touch', 'no.gif', '--background', 'b.png'], 'convert it'),
    ],
)
def test_failure_is_1_and_one_line(arguments: list[str], says: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 1
    assert done.output.startswith('Error: ') and done.output.count('\n') == 1
    assert says in done.output and 'Cure: ' in done.output


def test_no_node_is_said_in_time() -> None:
    done = run('gallery', 'list', '--node', '/nobody/here', '--timeout', '0.3')
    assert done.exit_code == 1
    assert 'ROS_DOMAIN_ID' in done.output


def test_without_ros_the_cure_is_named() -> None:
    code = """
import sys
sys.modules['rclpy'] = None
from xsense_ros.cli import main
main(['replay', 'bag'])
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'setup.bash' in done.stderr and 'Traceback' not in done.stderr


class TestBundle:
    def test_list_show_verify(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        toy_bundle(tmp_path / 'toy')
        monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(tmp_path))
        assert f'image, sound, text       {tmp_path / "toy"}' in run('bundle', 'list').output
        shown = run('bundle', 'show', 'toy').output
        assert 'dimensions' in shown and 'sound->image' in shown
        assert 'all whole' in run('bundle', 'verify', 'toy', tmp_path / 'toy').output

    def test_a_matcher(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        toy_matcher_bundle(tmp_path / 'eyes')
        monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(tmp_path))
        assert f'visible->infrared        {tmp_path / "eyes"}' in run('bundle', 'list').output
        shown = run('bundle', 'show', 'eyes').output
        assert 'match  visible->infrared: searches 3 times the side' in shown
        assert 'search   search' in shown
        assert 'probability 0.500' in shown

    def test_damaged(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = tmp_path / 'toy'
        toy_bundle(folder)
        model = next(folder.glob('*.onnx'))
        model.write_bytes(model.read_bytes() + b'\0')
        done = run('bundle', 'verify', folder)
        assert done.exit_code == 1 and model.name in done.output
        (folder / 'manifest.json').write_text('{}')
        monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(tmp_path))
        done = run('bundle', 'list')
        assert done.exit_code == 0 and 'damaged: ' in done.output


class TestGalleryFile:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        vectors = np.eye(4, dtype=np.float32)
        with Gallery.open(tmp_path / 'g.db', {'space': 'f' * 64}) as gallery:
            for vector, label in zip(vectors, ('red mug', 'blue cup'), strict=False):
                view = View('image', {'space': vector}, thumbnail=b'\xff\xd8jpeg')
                gallery.enroll(label, [view], label.replace(' ', '-'))
        return tmp_path / 'g.db'

    def test_list(self, file: Path) -> None:
        out = run('gallery', 'list', '--file', file, '--contains', 'MUG').output
        assert 'red-mug' in out and 'blue' not in out and '1 item\n' in out

    def test_show(self, file: Path) -> None:
        picture = file.with_suffix('.jpg')
        done = run('gallery', 'show', 'red-mug', '--file', file, '--picture', picture)
        assert '1 image' in done.output
        assert picture.read_bytes() == b'\xff\xd8jpeg'

    def test_forget(self, file: Path) -> None:
        assert run('gallery', 'forget', 'red-mug', '--file', file).exit_code == 0
        again = run('gallery', 'forget', 'red-mug', '--file', file)
        assert again.exit_code == 1 and 'red-mug' in again.output
        with Gallery.open(file) as gallery:
            assert [item.item_id for item in gallery.items()] == ['blue-cup']

    def test_rename(self, file: Path) -> None:
        assert run('gallery', 'rename', 'red-mug', 'my mug', '--file', file).exit_code == 0
        assert 'my mug' in run('gallery', 'list', '--file', file).output


def test_gallery_rebuild(tmp_path: Path) -> None:
    old, new = tmp_path / 'old.db', tmp_path / 'new.db'
    first, second = toy_bundle(tmp_path / 'one'), toy_bundle(tmp_path / 'two', seed=1)
    encoder = Encoder([first])
    with Gallery.open(old, encoder.fingerprints) as gallery:
        for word in ('red', 'green'):
            media, kind = encode_media('text', word)
            view = View('text', encoder.encode('text', word).vectors, media, kind)
            gallery.enroll(word, [view], word)
    done = run('gallery', 'rebuild', old, new, '--bundle', second.path)
    assert '2 views rebuilt, 0 left' in done.output
    with Gallery.open(new, Encoder([second]).fingerprints) as gallery:
        assert {item.item_id for item in gallery.items()} == {'red', 'green'}
    assert run('gallery', 'rebuild', old, new, '--bundle', second.path).exit_code == 2


def test_plain_values_are_json() -> None:
    from xsense_ros.msg import Embedding, HeterologousMatch, Match, MatchArray

    from xsense_ros.nodes.plain import to_plain

    answer = MatchArray(matches=[Match(rank=1, score=0.1)], target_modalities=['image'])
    plain = json.loads(json.dumps(to_plain(answer)))
    assert set(plain) == set(MatchArray.get_fields_and_field_types())
    assert plain['matches'][0]['score'] == 0.1, 'the shortest decimal of that float32'
    assert plain['header'] == {'stamp': {'sec': 0, 'nanosec': 0}, 'frame_id': ''}
    assert to_plain(Embedding(vector=[0.25, 0.1]))['vector'] == [0.25, 0.1]
    unknown = HeterologousMatch(temperature=math.nan)
    assert to_plain(unknown)['temperature'] is None, 'JSON knows no NaN'
