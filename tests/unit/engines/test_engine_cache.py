# SPDX-License-Identifier: Apache-2.0
"""The engine cache: checked, shared by real processes, killed, full, read-only."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from xsense_ros.engines.cache import (
    CACHE_VARIABLE,
    LIMIT_VARIABLE,
    EngineCache,
    cache_folder,
    cache_limit,
    write_whole,
)
from xsense_ros.engines.engine_entry import Entry
from xsense_ros.engines.engine_key import ANY_GPU, EngineKey
from xsense_ros.errors import EngineError

KEY = EngineKey('a' * 64, 'tensorrt 10.3.0', 'Orin', '8.7', 'image 1x3x8x8', 'as in the graph')
MODEL = 'seeing/trunk.onnx'
PROCESSES = multiprocessing.get_context('fork')


class Builds:
    """Counts and gives the bytes that it was made with."""

    def __init__(self, plan: bytes = b'engine') -> None:
        self.plan, self.count = plan, 0

    def __call__(self) -> bytes:
        self.count += 1
        return self.plan


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def cache(tmp_path: Path, said: list[str]) -> EngineCache:
    return EngineCache(tmp_path / 'engines', say=said.append)


class TestKey:
    def test_every_field_decides(self) -> None:
        others = [replace(KEY, **{name: value + '!'}) for name, value in asdict(KEY).items()]
        assert len({key.digest for key in (KEY, *others)}) == 7
        assert not any(key.serves(KEY) or KEY.serves(key) for key in others)

    def test_what_was_built_ahead_serves_the_gpus_that_it_was_built_for(self) -> None:
        ahead = replace(KEY, device=ANY_GPU, compute_capability='8.6+8.7+12.0')
        assert ahead.serves(KEY) and ahead.serves(replace(KEY, compute_capability='12.0'))
        assert ahead.serves(replace(ahead, compute_capability='12.0+8.6'))
        assert not ahead.serves(replace(KEY, compute_capability='8.9'))
        assert not ahead.serves(replace(KEY, precision='other'))
        assert not KEY.serves(ahead)

    def test_differences_are_in_words(self) -> None:
        newer = replace(KEY, runtime='tensorrt 11.4.0', device='Thor')
        assert KEY.differences(newer) == [
            'TensorRT tensorrt 10.3.0 -> tensorrt 11.4.0',
            'GPU Orin -> Thor',
        ]


class TestBuilding:
    def test_once_and_then_from_the_folder(self, cache: EngineCache, said: list[str]) -> None:
        build = Builds()
        assert cache.get_or_build(KEY, MODEL, build) == b'engine'
        assert cache.get_or_build(KEY, MODEL, build) == b'engine' and build.count == 1
        assert EngineCache(cache.folder).find(KEY) == b'engine'
        assert said == [f'building the engine of {MODEL}: no engine of {MODEL} yet']
        (entry,) = cache.entries()
        told = json.loads(entry.path.read_text())
        assert told['key'] == asdict(KEY) and told['model'] == MODEL and told['bytes'] == 6
        assert sorted(p.suffix for p in cache.folder.iterdir()) == ['.engine', '.json']

    @pytest.mark.parametrize(
        ('change', 'words'),
        [
            ({'runtime': 'tensorrt 11.4.0'}, 'TensorRT tensorrt 10.3.0 -> tensorrt 11.4.0'),
            ({'device': 'Thor', 'compute_capability': '11.0'}, 'GPU Orin -> Thor'),
            ({'onnx_sha256': 'b' * 64}, 'model aaaaaaaaaaaa -> bbbbbbbbbbbb'),
            ({'profile': 'image 1x3x9x9'}, 'shapes image 1x3x8x8 -> image 1x3x9x9'),
        ],
    )
    def test_the_reason_of_a_rebuild_is_said_and_kept(
        self, cache: EngineCache, said: list[str], change: dict[str, str], words: str
    ) -> None:
        cache.get_or_build(KEY, MODEL, Builds())
        wanted = replace(KEY, **change)
        cache.get_or_build(wanted, MODEL, Builds(b'new'))
        assert words in said[-1]
        assert words in next(e.reason for e in cache.entries() if e.key == wanted)
        # The old engine stays: the other library or board may come back.
        assert cache.find(KEY) == b'engine' and cache.find(wanted) == b'new'

    def test_a_failed_build_leaves_nothing(self, cache: EngineCache) -> None:
        def fail() -> bytes:
            raise EngineError('memory', 'full', 'room', 'close something')

        with pytest.raises(EngineError, match='room'):
            cache.get_or_build(KEY, MODEL, fail)
        assert list(cache.folder.iterdir()) == []

    def test_the_folder_is_the_users_and_can_be_named(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv(CACHE_VARIABLE, raising=False)
        monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
        assert cache_folder() == tmp_path / 'xsense' / 'engines'
        monkeypatch.setenv(CACHE_VARIABLE, '/opt/engines')
        assert EngineCache().folder == Path('/opt/engines')


class TestDamage:
    @pytest.mark.parametrize(
        ('content', 'words'), [(b'angine', 'checksum'), (b'engin', '5 bytes'), (None, 'No such')]
    )
    def test_damaged_bytes_are_never_given_to_a_runtime(
        self, cache: EngineCache, said: list[str], content: bytes | None, words: str
    ) -> None:
        cache.get_or_build(KEY, MODEL, Builds())
        (entry,) = cache.entries()
        entry.engine.unlink()
        if content is not None:
            entry.engine.write_bytes(content)
        assert cache.find(KEY) is None
        (wrong,) = cache.verify().values()
        assert wrong is not None and words in wrong
        assert cache.get_or_build(KEY, MODEL, Builds()) == b'engine'
        assert 'damaged' in said[-1] and words in said[-1]
        assert list(cache.verify().values()) == [None]

    @pytest.mark.parametrize('text', ['', '[]', '{"key": 1}', '{"key": {"a": 1}}'])
    def test_a_description_that_is_none(self, cache: EngineCache, text: str) -> None:
        cache.get_or_build(KEY, MODEL, Builds())
        (entry,) = cache.entries()
        entry.path.write_text(text)
        with pytest.raises(EngineError, match='JSON beside an engine'):
            Entry.read(entry.path)
        assert cache.entries() == [] and cache.find(KEY) is None
        assert cache.prune(damaged=True) == [entry.path] and not entry.engine.exists()
        assert cache.get_or_build(KEY, MODEL, Builds()) == b'engine'

    def test_what_a_killed_build_left_is_removed(self, cache: EngineCache) -> None:
        cache.get_or_build(KEY, MODEL, Builds())
        (entry,) = cache.entries()
        entry.path.unlink()
        entry.kernels('Orin (nvgpu)').write_bytes(b'compiled')
        (cache.folder / f'.{entry.engine.name}.abc').write_bytes(b'half')
        cache.prune(damaged=True)
        assert list(cache.folder.iterdir()) == []

    def test_a_file_is_whole_or_the_old_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / 'file'
        write_whole(path, b'old')

        def no_power(handle: int) -> None:
            raise OSError('no power')

        monkeypatch.setattr(os, 'fsync', no_power)
        with pytest.raises(OSError, match='no power'):
            write_whole(path, b'new')
        assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]


class TestSize:
    def fill(self, cache: EngineCache) -> list[EngineKey]:
        keys = [replace(KEY, device=f'gpu {number}') for number in range(4)]
        for number, key in enumerate(keys):
            cache.get_or_build(key, MODEL, Builds(bytes(100)))
            for entry in cache.entries():
                if entry.key == key:
                    os.utime(entry.engine, (number, number))
        return keys

    def test_the_least_recently_used_go(self, cache: EngineCache) -> None:
        keys = self.fill(cache)
        cache.find(keys[0])  # used just now
        assert len(cache.prune(250)) == 2
        assert [entry.key for entry in cache.entries()] == [keys[3], keys[0]]
        assert len(cache.prune(0)) == 2 and list(cache.folder.iterdir()) == []

    def test_kernels_count(self, cache: EngineCache) -> None:
        keys = self.fill(cache)
        entry = next(entry for entry in cache.entries() if entry.key == keys[3])
        entry.kernels('Orin').write_bytes(bytes(500))
        assert entry.size == 600 and len(cache.prune(650)) == 3
        assert [entry.key for entry in cache.entries()] == [keys[3]]

    def test_the_limit_is_the_users(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(LIMIT_VARIABLE, raising=False)
        assert cache_limit() == 4 * 10**9
        monkeypatch.setenv(LIMIT_VARIABLE, '0')
        keys = self.fill(EngineCache(tmp_path, say=lambda line: None))
        assert [entry.key for entry in EngineCache(tmp_path).entries()] == [keys[3]]
        monkeypatch.setenv(LIMIT_VARIABLE, '-1')
        with pytest.raises(EngineError, match='whole number'):
            EngineCache(tmp_path)

    def test_what_was_just_built_stays_however_large(
        self, tmp_path: Path, said: list[str]
    ) -> None:
        cache = EngineCache(tmp_path, limit_bytes=150, say=said.append)
        keys = self.fill(cache)
        assert [entry.key for entry in cache.entries()] == [keys[3]]
        cache.get_or_build(KEY, MODEL, Builds(bytes(1000)))
        assert [entry.key for entry in cache.entries()] == [KEY]


def build_in_a_process(folder: Path, log: Path, seconds: float) -> None:
    """The builder is done when somebody waits for it, or the file LOG.go is there."""
    go = log.with_suffix('.go')

    def build() -> bytes:
        with log.open('a') as file:
            file.write(f'{os.getpid()}\n')
        until = time.monotonic() + seconds
        while not go.exists() and time.monotonic() < until:
            time.sleep(0.01)
        return b'engine'

    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if 'waiting' in line:
            go.touch()

    plan = EngineCache(folder, say=say).get_or_build(KEY, MODEL, build)
    assert plan == b'engine'
    waited = any('waiting' in line for line in said)
    with log.with_suffix('.done').open('a') as file:
        file.write('waited\n' if waited else 'built\n')


class TestProcesses:
    def test_one_builds_while_others_wait(self, cache: EngineCache, tmp_path: Path) -> None:
        log = tmp_path / 'log'
        processes = [
            PROCESSES.Process(target=build_in_a_process, args=(cache.folder, log, 60))
            for _ in range(4)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(30)
        assert [process.exitcode for process in processes] == [0] * 4
        assert len(log.read_text().splitlines()) == 1
        done = log.with_suffix('.done').read_text().splitlines()
        assert 'waited' in done and len(done) == 4
        assert sorted(p.suffix for p in cache.folder.iterdir()) == ['.engine', '.json']

    def test_a_builder_that_is_killed_keeps_nobody_waiting(
        self, cache: EngineCache, tmp_path: Path, said: list[str]
    ) -> None:
        log = tmp_path / 'log'
        builder = PROCESSES.Process(target=build_in_a_process, args=(cache.folder, log, 60))
        builder.start()
        while not log.exists():
            time.sleep(0.01)
        other = tmp_path / 'other'
        waiting = PROCESSES.Process(target=build_in_a_process, args=(cache.folder, other, 0))
        waiting.start()
        # What is being built now is not pruned away under the builder.
        (cache.folder / 'seeing-trunk-0.engine').write_bytes(b'')
        os.kill(builder.pid or 0, signal.SIGKILL)
        builder.join(30)
        waiting.join(30)
        assert waiting.exitcode == 0 and cache.find(KEY) == b'engine'

    def test_an_engine_that_is_being_built_is_not_removed(
        self, cache: EngineCache, tmp_path: Path
    ) -> None:
        cache.get_or_build(KEY, MODEL, Builds())
        (entry,) = cache.entries()
        entry.engine.write_bytes(b'damaged')
        log = tmp_path / 'log'
        builder = PROCESSES.Process(target=build_in_a_process, args=(cache.folder, log, 60))
        builder.start()
        while not log.exists():
            time.sleep(0.01)
        assert cache.prune(0, damaged=True) == [] and entry.path.exists()
        log.with_suffix('.go').touch()
        builder.join(30)
        assert cache.find(KEY) == b'engine'


def use_unwritable(folder: Path, log: Path) -> None:
    """As a user who may read the folder and nothing else."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    said: list[str] = []
    cache = EngineCache(folder, say=said.append)
    other = replace(KEY, device='another')
    found = [cache.find(KEY), cache.get_or_build(other, MODEL, Builds(b'new')), cache.find(other)]
    gone = cache.prune(0)
    log.write_text(json.dumps([[f and f.decode() for f in found], said, [str(g) for g in gone]]))


@pytest.fixture
def anybodys() -> Iterator[Path]:
    """A folder that other users reach, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_is_used_all_the_same(anybodys: Path) -> None:
    cache = EngineCache(anybodys / 'engines', say=lambda line: None)
    cache.get_or_build(KEY, MODEL, Builds())
    cache.folder.chmod(0o555)
    log = anybodys / 'log.json'
    process = PROCESSES.Process(target=use_unwritable, args=(cache.folder, log))
    process.start()
    process.join(30)
    found, said, gone = json.loads(log.read_text())
    cache.folder.chmod(0o755)
    assert found == ['engine', 'new', None]
    assert 'GPU Orin -> another' in said[0] and 'not kept' in said[0]
    assert 'could not be removed' in said[1] and gone == []
    assert cache.find(KEY) == b'engine'
