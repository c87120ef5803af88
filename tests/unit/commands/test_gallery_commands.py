# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery` on a file, as somebody would type it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.toy import WORDS, toy_bundle, toy_image
from xsense_ros.cli import main
from xsense_ros.commands.gallery import COMMANDS
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import encode_media, media_thumbnail


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ['gallery', *map(str, arguments)])


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return toy_bundle(tmp_path / 'toy')


@pytest.fixture
def file(tmp_path: Path, bundle: Bundle) -> Path:
    encoder = Encoder([bundle])
    with Gallery.open(tmp_path / 'g.db', encoder.fingerprints) as gallery:
        for word in WORDS:
            rgb = toy_image(word)
            vectors = encoder.encode('image', rgb).vectors
            kept = (*encode_media('image', rgb), media_thumbnail('image', rgb))
            view = View('image', vectors, *kept, sha256=bytes(31) + word[:1].encode())
            gallery.enroll(word, [view], word)
    encoder.close()
    return tmp_path / 'g.db'


def labels(file: Path) -> list[str]:
    with Gallery.open(file) as gallery:
        return [item.label for item in gallery.items()]


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = run(name, '--help')
    assert done.exit_code == 0, done.output
    assert f'xsense gallery {name}' in done.output.replace('rebuild', name)


def test_forget_undo_and_erase(file: Path) -> None:
    assert run('forget', 'red', '--file', file).output == 'forgotten: red  (version 4)\n'
    again = run('forget', 'red', '--file', file)
    assert again.exit_code == 1 and 'version 4' in again.output
    done = run('undo', '--file', file)
    assert done.output == "taken back: forgetting of red, 'red'  (version 5)\n"
    assert run('rename', 'red', 'rot', '--file', file).output == 'red: rot\n'
    assert run('undo', '6', '--file', file).exit_code == 0
    assert labels(file) == list(WORDS)
    wrong = run('undo', '99', '--file', file)
    assert wrong.exit_code == 1 and 'Cure: ' in wrong.output
    assert 'MB now' in run('erase', file).output
    assert run('undo', '--file', file).exit_code == 1


def test_export_and_merge(file: Path, tmp_path: Path) -> None:
    target, other = tmp_path / 'some.xsgallery', tmp_path / 'other.db'
    assert (
        '2 items'
        in run('export', target, '--item', 'red', '--item', 'blue', '--file', file).output
    )
    assert '2 new items, 0 new views' in run('merge', target, '--file', other).output
    assert labels(other) == ['red', 'blue']
    run('rename', 'red', 'rot', '--file', other)
    done = run('merge', target, target, '--file', other)
    assert done.output.count('0 new items, 0 new views of known ones, 2 views were there') == 2
    assert "red is 'rot' here and 'red' there: kept 'rot'" in done.output
    assert run('export', tmp_path / 'x', '--item', 'nobody', '--file', file).exit_code == 1
    target.write_bytes(target.read_bytes()[:-30])
    wrong = run('merge', target, '--file', other)
    assert wrong.exit_code == 1 and 'some.xsgallery' in wrong.output
    assert run('export', target, '--file', 'milvus://here/there').exit_code == 2
    assert run('export', target, '--file', tmp_path / 'none.db').exit_code == 1


def test_snapshot_and_restore(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / 'backups' / 'robot'  # made where it is missing
    taken = run('snapshot', '--file', file, '--into', file)
    assert taken.exit_code == 2 and 'is a file' in taken.output
    nowhere = run('snapshot', '--file', file, '--into', file / 'below')
    assert nowhere.exit_code == 1 and 'name another one' in nowhere.output
    first = run('snapshot', '--file', file, '--into', folder)
    Path(first.output.split(': ')[0]).unlink()
    mine = folder / 'g-2-20260101-000000.xsgallery'
    mine.write_text('a snapshot of another gallery, g-2')
    for second in range(3):
        monkeypatch.setattr(
            time,
            'localtime',
            lambda *_, s=second: time.struct_time((2026, 1, 1, 8, 0, s, 3, 1, 0)),
        )
        done = run('snapshot', '--file', file, '--into', folder, '--keep', '2')
        assert done.exit_code == 0 and '3 items' in done.output
    names = sorted(path.name for path in folder.iterdir())
    assert names == [mine.name, 'g-20260101-080001.xsgallery', 'g-20260101-080002.xsgallery']
    monkeypatch.undo()
    run('forget', 'red', 'green', '--file', file)
    refused = run('restore', folder / names[1], '--file', file)
    assert refused.exit_code == 2 and '--replace' in refused.output
    assert labels(file) == ['blue']
    done = run('restore', folder / names[1], '--file', file, '--replace')
    assert done.exit_code == 0 and labels(file) == list(WORDS)
    kept = done.output.split('what was there: ')[1].splitlines()[0]
    assert run('restore', kept, '--file', tmp_path / 'before.db').exit_code == 0
    assert labels(tmp_path / 'before.db') == ['blue']


def test_re_embed(file: Path, tmp_path: Path, bundle: Bundle) -> None:
    """The other model's vectors; times, thumbnails and digests of the files are kept."""
    other = toy_bundle(tmp_path / 'other', seed=1)
    new = tmp_path / 'new.db'
    done = run('re-embed', file, new, '--bundle', other.path)
    assert '3 views rebuilt, 0 left' in done.output, done.output
    encoder = Encoder([other])
    with Gallery.open(file) as before, Gallery.open(new, encoder.fingerprints) as after:
        for (item, view), (_, old) in zip(after.records(), before.records(), strict=True):
            assert item.created_ns == before.item(item.item_id).created_ns
            assert (view.created_ns, view.sha256) == (old.created_ns, old.sha256)
            assert (view.media, view.thumbnail) == (old.media, old.thumbnail)
            vectors = encoder.encode('image', toy_image(item.label)).vectors
            assert {name: v.tobytes() for name, v in vectors.items()} == {
                name: v.tobytes() for name, v in view.vectors.items()
            }
    encoder.close()
