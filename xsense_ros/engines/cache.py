# SPDX-License-Identifier: Apache-2.0
"""Engines on disk: built once, checked before use, shared by processes, never half a file.

An engine is two files of one name: NAME.engine, the runtime's bytes, and NAME.json, which says in
plain words what it was built from, where and why; NAME.GPU.kernels is what TensorRT-RTX compiled
of it. The JSON is written last: whoever finds it finds
the whole engine. NAME.lock is held while one process builds and others wait.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from xsense_ros.engines.engine_entry import Entry, checked_plan
from xsense_ros.engines.engine_key import EngineKey
from xsense_ros.engines.file_lock import FileLock
from xsense_ros.errors import EngineError

CACHE_VARIABLE = 'XSENSE_ENGINE_CACHE'
LIMIT_VARIABLE = 'XSENSE_ENGINE_CACHE_MB'
LIMIT_MB = 4000
Say = Callable[[str], None]
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """$XSENSE_ENGINE_CACHE, else xsense/engines in the user's cache folder."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(home) / 'xsense' / 'engines'


def cache_limit() -> int:
    """Bytes that engines may take: $XSENSE_ENGINE_CACHE_MB, else 4 GB.

    Raises:
        EngineError: the variable is no whole number.
    """
    named = os.environ.get(LIMIT_VARIABLE, str(LIMIT_MB))
    if not named.isdecimal():
        cure = f'correct or unset {LIMIT_VARIABLE}'
        raise EngineError(LIMIT_VARIABLE, named, 'megabytes, as a whole number', cure)
    return int(named) * 10**6


class EngineCache:
    """A folder of engines; processes and threads may share it.

    Where the folder cannot be written, engines that lie there are used; one that is missing is
    built and not kept, which is said.

    Args:
        folder: None means ``cache_folder()``.
        limit_bytes: size of all engines together above which the least recently used go; None
            means ``cache_limit()``.
        say: gets one line whenever an engine is built, waited for or removed, with the reason.
    """

    def __init__(
        self, folder: Path | None = None, limit_bytes: int | None = None, say: Say = _log.warning
    ) -> None:
        self.folder = folder or cache_folder()
        self._limit = cache_limit() if limit_bytes is None else limit_bytes
        self._say = say

    def entries(self) -> list[Entry]:
        """All engines whose JSON can be read, the least recently used first."""
        found = []
        for path in sorted(self.folder.glob('*.json')):
            with contextlib.suppress(EngineError):
                found.append(Entry.read(path))
        return sorted(found, key=lambda entry: entry.used)

    def load(self, key: EngineKey) -> tuple[Entry, bytes] | None:
        """The engine with this key or one that serves it, checked; None where it must be built."""
        for entry in self._candidates(key):
            plan, _ = checked_plan(entry)
            if plan is not None:
                with contextlib.suppress(OSError):  # a folder that cannot be written
                    os.utime(entry.engine)
                return entry, plan
        return None

    def find(self, key: EngineKey) -> bytes | None:
        """The bytes alone of what ``load`` gives."""
        found = self.load(key)
        return None if found is None else found[1]

    def reason(self, key: EngineKey, model: str) -> str:
        """Why ``find`` gives nothing: what is there, and what differs."""
        for entry in self._candidates(key):
            _, damage = checked_plan(entry)
            if damage:
                return f'the engine of {model} is damaged: {damage}'
        entries = self.entries()
        same = [e for e in entries if e.key.onnx_sha256 == key.onnx_sha256]
        same = same or [e for e in entries if e.model == model]
        if not same:
            return f'no engine of {model} yet'
        closest = min(same, key=lambda entry: len(entry.key.differences(key)))
        differences = '; '.join(closest.key.differences(key))
        return f'the engine of {model} that is there was built for another: {differences}'

    def get_or_build(self, key: EngineKey, model: str, build: Callable[[], bytes]) -> bytes:
        """The engine from the folder, or built now; one process builds while others wait.

        Args:
            key: what is wanted.
            model: what people know the ONNX model by.
            build: builds; what it raises goes through, and nothing is written.
        """
        if (plan := self.find(key)) is not None:
            return plan
        stem = f'{re.sub(r"[^A-Za-z0-9_.-]+", "-", model.removesuffix(".onnx"))}-{key.digest}'
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / f'{stem}.lock')
        except OSError as error:
            self._say(f'{self.reason(key, model)}; building it, not kept ({error})')
            return build()
        with lock.held(lambda: self._say(f'waiting for the process that builds {model}')):
            # Whoever was waited for may have built it.
            if (plan := self.find(key)) is not None:
                return plan
            plan = self._build(key, model, build, self.folder / f'{stem}.json')
        self.prune(keep=key)
        return plan

    def verify(self) -> dict[Path, str | None]:
        """Every JSON of the folder, and what is wrong with its engine (None: nothing)."""
        return {path: _damage(path) for path in sorted(self.folder.glob('*.json'))}

    def prune(
        self,
        limit_bytes: int | None = None,
        *,
        keep: EngineKey | None = None,
        damaged: bool = False,
    ) -> list[Path]:
        """Remove the least recently used engines until the rest fit.

        Args:
            limit_bytes: None means the cache's own limit; 0 removes all.
            keep: its engine stays, whatever its size.
            damaged: remove what ``verify`` complains about, and what killed builds left, too.

        Returns:
            The JSON files of what was removed; engines that another process builds now stay.
        """
        limit = self._limit if limit_bytes is None else limit_bytes
        going = [path for path, wrong in self.verify().items() if wrong] if damaged else []
        if damaged:
            going += self._left_over()
        entries = [entry for entry in self.entries() if entry.path not in going]
        size = sum(entry.size for entry in entries)
        for entry in entries:
            if size > limit and entry.key != keep:
                going.append(entry.path)
                size -= entry.size
        return [path for path in going if self._remove(path)]

    def _build(self, key: EngineKey, model: str, build: Callable[[], bytes], path: Path) -> bytes:
        reason = self.reason(key, model)
        self._say(f'building the engine of {model}: {reason}')
        start = time.monotonic()
        plan = build()
        seconds = round(time.monotonic() - start, 3)
        now = datetime.now(timezone.utc).isoformat(timespec='seconds')
        checksum = hashlib.sha256(plan).hexdigest()
        entry = Entry(key, model, checksum, len(plan), now, seconds, reason, path)
        try:
            write_whole(entry.engine, plan)
            write_whole(entry.path, entry.to_json().encode())
        except OSError as error:
            self._say(f'the engine of {model} could not be kept: {error}')
        return plan

    def _candidates(self, key: EngineKey) -> list[Entry]:
        """Engines that serve the key, its own first."""
        found = [entry for entry in self.entries() if entry.key.serves(key)]
        return sorted(found, key=lambda entry: entry.key != key)

    def _left_over(self) -> list[Path]:
        """Descriptions that engines and kernels lack."""
        stems = {path.stem for path in self.folder.glob('*.engine')}
        stems |= {path.name.rsplit('.', 2)[0] for path in self.folder.glob('*.kernels')}
        paths = [self.folder / f'{stem}.json' for stem in sorted(stems)]
        return [path for path in paths if not path.exists()]

    def _remove(self, path: Path) -> bool:
        try:
            with FileLock(path.with_suffix('.lock')).held_or_not() as held:
                if not held:
                    return False
                # The description first: without it nobody looks for the engine.
                path.unlink(missing_ok=True)
                path.with_suffix('.engine').unlink(missing_ok=True)
                for pattern in (f'.{path.stem}.*', f'{path.stem}.*.kernels'):
                    for part in path.parent.glob(pattern):
                        part.unlink(missing_ok=True)
        except OSError as error:
            self._say(f'{path.name} could not be removed: {error}')
            return False
        self._say(f'removed the engine {path.stem}')
        return True


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, flush to the disk, then rename: a power cut leaves the old file or the new."""
    handle, name = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _damage(path: Path) -> str | None:
    try:
        return checked_plan(Entry.read(path))[1]
    except EngineError as error:
        return str(error)
