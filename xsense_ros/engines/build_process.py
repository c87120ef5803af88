# SPDX-License-Identifier: Apache-2.0
"""Builds one engine in a process of its own: `python -m xsense_ros.engines.build_process`.

A process, not a thread: a builder that crashes, or is killed because memory ran out, takes nothing
with it; it can be stopped at any moment, in the middle of a kernel; and what it took from the GPU
comes back. It yields to everything else on the robot, is the first to go when memory is short, and
ends with the process that started it.

It reads one BuildRequest as a line of JSON, and writes a line of JSON for everything it tells:
{"share": 0.4, "phase": "..."}, {"said": "..."}, and at the end {"done": true} or {"error": [...]}.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xsense_ros.engines.cache import CACHE_VARIABLE, EngineCache
from xsense_ros.engines.manifest import ModelSpec, TensorSpec
from xsense_ros.errors import EngineError

NICENESS = 10
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_STEP_SECONDS = 0.2


@dataclass(frozen=True)
class BuildRequest:
    """An engine to be built: by which TensorRT, of which file, into which folder.

    started_by: the process that wants it; with its end, building ends.
    """

    backend: str
    model_path: str
    sha256: str
    inputs: tuple[TensorSpec, ...]
    folder: str
    started_by: int

    @classmethod
    def of(cls, backend: str, model_path: Path, spec: ModelSpec) -> BuildRequest:
        """A request of this process, for the user's cache."""
        folder = str(EngineCache().folder.absolute())
        path = str(model_path.absolute())
        return cls(backend, path, spec.sha256, spec.inputs, folder, os.getpid())

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self)) + '\n'

    @classmethod
    def from_json(cls, line: str) -> BuildRequest:
        """What ``to_json`` wrote."""
        told = json.loads(line)
        inputs = tuple(
            TensorSpec(tensor['name'], tuple(tensor['shape']), tensor['dtype'])
            for tensor in told['inputs']
        )
        return cls(**told | {'inputs': inputs})


def build(request: BuildRequest, tell: Progress) -> None:
    """Build the engine, or wait for the process that builds it already.

    Raises:
        EngineError: it cannot be built, or not be kept; the message holds what TensorRT said.
    """
    from xsense_ros.engines.cuda import find_gpu
    from xsense_ros.engines.engine_store import Wanted, build_all, settings_for
    from xsense_ros.engines.tensorrt_vendor import load_vendor

    folder = Path(request.folder)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise EngineError(
            'engine cache', request.folder, 'a folder that can be written',
            f'set {CACHE_VARIABLE} to another, or build there: xsense engines build',
        )  # fmt: skip
    vendor, gpu = load_vendor(request.backend), find_gpu()
    cache = EngineCache(folder, say=tell.say)
    path = Path(request.model_path)
    spec = ModelSpec(path.name, request.sha256, request.inputs, ())
    settings = settings_for(vendor, cache, gpu)
    wanted = [Wanted(path, spec)]
    for _ in build_all(vendor, wanted, settings, cache, gpu, lambda one, *told: tell.share(*told)):
        pass


class Progress:
    """Writes what happens, no more than a few lines a second."""

    def __init__(self) -> None:
        self._next = 0.0

    def share(self, share: float, phase: str) -> None:
        """So much is done, from 0 to 1."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _STEP_SECONDS
            self.write({'share': round(share, 4), 'phase': phase})

    def say(self, line: str) -> None:
        """A line for people."""
        self.write({'said': line})

    def write(self, told: Mapping[str, Any]) -> None:
        """One line of JSON."""
        print(json.dumps(told), flush=True)


def _be_modest(started_by: int) -> None:
    """Yield to the robot: least of the processor, first to go when memory is short."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path('/proc/self/oom_score_adj').write_text('1000')
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != started_by:  # it ended before we could ask to be told
        sys.exit(1)


def main() -> int:
    """Serve one request. Returns the exit status."""
    request = BuildRequest.from_json(sys.stdin.readline())
    _be_modest(request.started_by)
    tell = Progress()
    try:
        build(request, tell)
    except EngineError as error:
        tell.write({'error': [error.what, str(error.value), error.expected, error.cure]})
        return 1
    tell.write({'done': True})
    return 0


if __name__ == '__main__':
    sys.exit(main())
