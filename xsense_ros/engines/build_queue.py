# SPDX-License-Identifier: Apache-2.0
"""Engines that are missing, built one after the other beside a node that answers already."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from xsense_ros.engines.build_process import BuildRequest
from xsense_ros.errors import EngineError

COMMAND = (sys.executable, '-m', 'xsense_ros.engines.build_process')
LOG_SECONDS = 10.0
_LAST_LINES = 5
_log = logging.getLogger(__name__)


class BuildJob:
    """One engine on its way; made by a BuildQueue.

    Args:
        request: what is built.
        done: told once, in the queue's thread, that the engine is there (None) or why it is not;
            not told after ``cancel``.
    """

    def __init__(self, request: BuildRequest, done: Callable[[EngineError | None], None]) -> None:
        self.request = request
        self._done = done
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = False
        self._stage = 'waiting for its turn'
        self._told_at = time.monotonic()

    @property
    def name(self) -> str:
        """'image-sound-text/text.onnx'."""
        return '/'.join(self.request.model_path.split('/')[-2:])

    def describe(self) -> str:
        """How far it is, 'BUILDING for tensorrt: 41 %, fusing'."""
        return f'BUILDING for {self.request.backend}: {self._stage}'

    def cancel(self) -> None:
        """Nobody wants it any more: a build that has begun is killed, and leaves nothing."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                self._process.kill()

    def run(self, command: Sequence[str] = COMMAND) -> None:
        """Build, and tell ``done``."""
        error: EngineError | None
        try:
            process = self._start(command)
        except OSError as refused:  # no memory, no more processes
            cure = 'stop other programs, and activate the node again'
            error = EngineError(f'process that builds {self.name}', str(refused), 'one', cure)
        else:
            error = self._follow(process) if process is not None else None
        with self._lock:
            cancelled, self._process = self._cancelled, None
        self._stage = 'built, being loaded'
        if not cancelled:
            self._done(error)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[str] | None:
        with self._lock:
            if not self._cancelled:
                # A session of its own: Ctrl-C in the terminal is for the node, which ends it then.
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True,
                )  # fmt: skip
            return self._process

    def _follow(self, process: subprocess.Popen[str]) -> EngineError | None:
        """Read what the builder tells until it ends; why there is no engine, None if there is."""
        last: deque[str] = deque(maxlen=_LAST_LINES)
        error: EngineError | None = None
        done = False
        with process:
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(self.request.to_json())
                process.stdin.close()
            except BrokenPipeError:  # it ended at once; why is in what it wrote
                pass
            for line in process.stdout:
                told = _message(line)
                if told is None:
                    last.append(line.strip())
                elif 'error' in told:
                    error = EngineError(*told['error'])
                elif 'said' in told:
                    self._stage = told['said']
                    _log.info('%s', told['said'])
                elif 'share' in told:
                    self._progress(told['share'], told['phase'])
                done = done or bool(told and 'done' in told)
        return error if error or done else self._crash(process.returncode, '; '.join(last))

    def _progress(self, share: float, phase: str) -> None:
        self._stage = f'{share:.0%}, {phase}'
        now = time.monotonic()
        if now - self._told_at > LOG_SECONDS:
            self._told_at = now
            _log.info('building the engine of %s: %s', self.name, self._stage)

    def _crash(self, status: int, last: str) -> EngineError:
        told = f'; it wrote: {last}' if last else ''
        if status == -signal.SIGKILL:
            return EngineError(
                f'process that builds {self.name}', 'killed', f'an engine{told}',
                'most often memory ran out: stop other programs, add swap, or build when the '
                'robot is idle: xsense engines build',
            )  # fmt: skip
        how = f'signal {-status}' if status < 0 else f'exit status {status}'
        return EngineError(
            f'process that builds {self.name}', how, f'an engine{told}',
            'try it by hand and read what it says: xsense engines build',
        )  # fmt: skip


class BuildQueue:
    """Builds one engine at a time, for two would need twice the memory.

    Its thread lives as long as there is something to build.

    Args:
        command: of the builder.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._waiting: deque[BuildJob] = deque()
        self._works = False

    def add(self, request: BuildRequest, done: Callable[[EngineError | None], None]) -> BuildJob:
        """Build an engine when its turn comes; ``done`` as in BuildJob."""
        job = BuildJob(request, done)
        with self._lock:
            self._waiting.append(job)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name='xsense-engines', daemon=True).start()
        return job

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._works = False
                    return
                job = self._waiting.popleft()
            try:
                job.run(self._command)
            except Exception:  # a bug in what one engine does with the news must not end the rest
                _log.exception('after building the engine of %s', job.name)


def _message(line: str) -> dict[str, Any] | None:
    """What the builder tells; None for what libraries print."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


QUEUE = BuildQueue()
"""That of all engines of this process."""
