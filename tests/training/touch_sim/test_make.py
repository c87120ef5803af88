# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from rich.console import Console

from tests.training.touch_sim.thing_world import needs_both
from xsense_ros.errors import InputError
from xsense_training.cli import main
from xsense_training.data.object_folder import load_object_folder
from xsense_training.data.root import data_root
from xsense_training.touch_sim import layout, produce
from xsense_training.touch_sim.make import make
from xsense_training.touch_sim.meshes import shape_of

pytestmark = pytest.mark.timeout(300)  # processes are started, perhaps beside other tests

OBJECTS, INSTANCES, SIZE = 3, 4, 48


def options(folder: Path) -> list[str]:
    return [
        'data', 'make', 'touch-sim', '--objects', str(OBJECTS), '--instances', str(INSTANCES),
        '--size', str(SIZE), '--out', str(folder), '--workers', '1',
    ]  # fmt: skip


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small set, made by two processes."""
    folder = tmp_path_factory.mktemp('two') / 'set'
    shown = Console(file=io.StringIO())
    make(OBJECTS, INSTANCES, size=SIZE, folder=folder, workers=2, console=shown)
    assert f'{OBJECTS * INSTANCES} view+touch+knock in' in shown.file.getvalue()
    return folder


def contents(folder: Path, below: str = '*') -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.glob(f'{below}/**/*'))
        if path.is_file()
    }


@needs_both
def test_layout_is_what_the_loader_reads(made):
    things = load_object_folder(made, 'touch-sim')
    assert len(things.objects) == OBJECTS
    assert {path.name for path in made.iterdir()} >= {
        *layout.SENSES, 'background', 'split.json', 'split_same.json', 'preview.jpg',
    }  # fmt: skip
    view = cv2.imread(str(made / 'vision/1/1.jpg'))
    touch = cv2.imread(str(made / 'touch/1/1.png'))
    sound, rate = soundfile.read(made / 'audio/1/1.flac')
    mel = np.load(made / 'audio_spectrogram/1/1.npy', allow_pickle=False)
    assert view.shape == (SIZE, SIZE, 3)
    assert touch.shape == (240, 320, 3)
    assert (sound.shape, rate) == ((19200,), 16000)
    assert mel.shape == (100, 64)


@needs_both
def test_any_object_alone_is_the_same(made, tmp_path):
    order = produce.Order(0, INSTANCES, SIZE, tmp_path, data_root())
    (tmp_path / layout.PARTS).mkdir()
    produce.make_object(order, 1)
    for sense in layout.SENSES:
        assert contents(tmp_path, f'{sense}/2') == contents(made, f'{sense}/2') != {}
    parts = (f'{layout.PARTS}/2.json',)
    assert all((tmp_path / part).read_bytes() == (made / part).read_bytes() for part in parts)


@needs_both
def test_a_killed_run_goes_on_and_ends_the_same(made, tmp_path):
    folder = tmp_path / 'set'
    code = 'import sys; from xsense_training.cli import main; main(sys.argv[1:])'
    process = subprocess.Popen(
        [sys.executable, '-c', code, *options(folder)],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 200
        while not (folder / layout.PARTS / '1.json').exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (folder / 'split.json').exists()
    first = (folder / 'touch/1/1.png').stat().st_mtime_ns
    result = CliRunner().invoke(main, options(folder))
    assert result.exit_code == 0, result.output
    assert (folder / 'touch/1/1.png').stat().st_mtime_ns == first
    assert contents(folder) == contents(made)
    assert not list((folder / layout.PARTS).glob('*.work'))


@needs_both
def test_another_configuration_is_refused(made):
    with pytest.raises(InputError, match=r"configuration.*'seed': 0.*another --out"):
        make(OBJECTS, INSTANCES, seed=1, size=SIZE, folder=made)


@needs_both
def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'thesis.tex').write_text('mine')
    with pytest.raises(InputError, match='output folder'):
        make(3, 4, folder=tmp_path)


@pytest.mark.parametrize('option', ['--objects', '--instances', '--size', '--workers'])
def test_numbers_out_of_range(option, tmp_path):
    result = CliRunner().invoke(main, ['data', 'make', 'touch-sim', option, '0'])
    assert result.exit_code == 1
    assert f'{option}: got 0' in result.output


def test_missing_packages_name_their_command(tmp_path):
    result = CliRunner().invoke(main, ['data', 'make', 'touch-sim', '--root', str(tmp_path)])
    assert result.exit_code == 1
    assert 'xsense-train data fetch' in result.output
    assert list(tmp_path.iterdir()) == []


@needs_both
def test_splits_and_units(made):
    drawn = json.loads((made / 'instances.json').read_text())
    split = json.loads((made / 'split.json').read_text())
    names = [name for part in split.values() for name in part]
    assert sorted(names) == ['1', '2', '3']
    for name, entries in drawn.items():
        for instance, entry in entries.items():
            assert entry['unseen_unit'] == (entry['unit'] >= produce.UNITS)
            listed = any(instance in part.get(name, []) for part in split.values())
            assert listed != entry['unseen_unit']
    for unit in range(produce.UNITS + produce.UNSEEN_UNITS):
        assert (made / 'background' / f'{unit}.png').is_file()


def test_parts_of_the_splits():
    parts = layout.unseen_split(400, 0)
    assert [len(parts[name]) for name in ('train', 'val', 'test')] == [320, 40, 40]
    assert len(set().union(*parts.values())) == 400
    same = layout.same_split([str(k) for k in range(10)], 3, 0)
    assert [len(same[name]) for name in ('train', 'val', 'test')] == [8, 1, 1]
    assert layout.unseen_split(2, 0)['test'] == []


@needs_both
def test_no_mesh_comes_twice():
    names = [
        shape_of(number, 0, np.random.default_rng([0, 1, number]), data_root()).name
        for number in range(0, 400, 23)
    ]
    assert len(set(names)) == len(names)
