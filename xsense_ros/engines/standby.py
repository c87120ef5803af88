# SPDX-License-Identifier: Apache-2.0
"""An engine that is never dead: where its backend fails, the next one answers the same sample.

So it is while an engine is still being built: the next backend answers until it is there.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from numpy.typing import NDArray

from xsense_ros.engines.engine import Engine, EngineDescription
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import check_inputs
from xsense_ros.errors import EngineError

T = TypeVar('T')
FIRST_RETRY = 1.0  # seconds
LONGEST_RETRY = 60.0
_log = logging.getLogger(__name__)


class Job(Protocol):
    """An engine that is being built."""

    def describe(self) -> str:
        """How far it is."""
        ...

    def cancel(self) -> None:
        """Stop; the builder tells nothing from now on."""
        ...


Build = Callable[[Callable[[EngineError | None], None]], Job]
"""Begins to build; tells its argument that the engine is there (None), or why it is not."""


def _in_background(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name='engine retry', daemon=True).start()


class StandbyEngine:
    """The preferred engine of a model, with one that answers while it cannot.

    A GPU that is lost or full fails at run time. The sample that met it is answered by the standby
    engine, and so are those that follow, while the preferred one is loaded again in the
    background: after a second, then after twice as long each time, up to a minute. A sample that
    fails on both is itself to blame, and nothing changes.

    An engine that has to be built first comes in the same way: `build` begins to build it, and
    when it is there it is loaded and warmed up before it takes over, between two samples.

    Args:
        spec: of the model.
        engine: the preferred one, loaded; None where it is not built yet.
        load: loads the preferred one, again.
        load_standby: loads what takes over, when that is first needed.
        build: begins to build what ``load`` then loads; told whom to tell that it is there.
        clock: seconds, never falling.
        start: runs a job beside the caller.
    """

    def __init__(
        self,
        spec: ModelSpec,
        engine: Engine | None,
        load: Callable[[], Engine],
        load_standby: Callable[[], Engine],
        *,
        build: Build | None = None,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_background,
    ) -> None:
        self._spec = spec
        first = load_standby() if engine is None else engine
        self._preferred = engine
        self._standby = first if engine is None else None
        self._description = first.describe()
        self._model = self._description.model
        self._load, self._load_standby = load, load_standby
        self._clock, self._start = clock, start
        self._lock = threading.Lock()
        self._fault = ''
        self._wait, self._retry_at, self._recovered = FIRST_RETRY, 0.0, -LONGEST_RETRY
        self._retrying = self._closed = False
        self._job: Job | None = None
        if build is not None:
            self._retry_at = math.inf  # when it is built, or else when the node starts again
            with self._lock:  # it may be built before we know the job
                self._job = build(self._built)

    def infer(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name. EngineError where no backend can answer, and after close()."""
        check_inputs(inputs, self._spec.inputs, self._model)  # wrong ones are so on every backend
        return self._ask(lambda engine: engine.infer(inputs))

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real sample does not pay for lazy allocation."""
        self._ask(lambda engine: engine.warm_up())

    def describe(self) -> EngineDescription:
        """What answers now, and why it is not the preferred engine."""
        with self._lock:
            engine = self._preferred or self._standby
            if engine is not None:
                self._description = engine.describe()
            building = '' if self._job is None else self._job.describe()
            return replace(self._description, fault=self._fault, building=building)

    def close(self) -> None:
        """Free the memory of both engines, and stop building; closing twice is harmless."""
        with self._lock:
            engines = [engine for engine in (self._preferred, self._standby) if engine is not None]
            self._preferred = self._standby = None
            self._closed, job, self._job = True, self._job, None
        if job is not None:
            job.cancel()
        for engine in engines:
            engine.close()

    def _ask(self, ask: Callable[[Engine], T]) -> T:
        preferred = self._preferred
        if preferred is None:
            self._retry_if_due()
            return ask(self._standby_engine())
        try:
            return ask(preferred)
        except EngineError as error:
            if self._closed:
                raise
            try:
                answer = ask(self._standby_engine())
            except EngineError:
                raise error from None
            self._switch(preferred, error)
            return answer

    def _standby_engine(self) -> Engine:
        with self._lock:
            if self._closed:
                raise EngineError('engine', self._model, 'an open engine', 'load it again')
            if self._standby is None:
                self._standby = self._load_standby()
            return self._standby

    def _switch(self, failed: Engine, error: EngineError) -> None:
        with self._lock:
            if self._preferred is not failed:  # another thread met the same
                return
            now = self._clock()
            lasted = now - self._recovered > LONGEST_RETRY
            self._wait = FIRST_RETRY if lasted else min(2 * self._wait, LONGEST_RETRY)
            self._retry_at = now + self._wait
            self._preferred, self._fault = None, str(error)
        _log.error('%s: %s; another backend answers', self._model, error)
        failed.close()

    def _built(self, error: EngineError | None) -> None:
        """It can be loaded now, or cannot be had; in the thread that built it."""
        with self._lock:
            if self._closed:
                return
            self._retrying = error is None
            if error is not None:
                self._job, self._fault = None, str(error)
        if error is None:
            self._retry()
        else:
            _log.error('%s: %s; another backend answers', self._model, error)

    def _retry_if_due(self) -> None:
        with self._lock:
            if self._retrying or self._closed or self._clock() < self._retry_at:
                return
            self._retrying = True
        self._start(self._retry)

    def _retry(self) -> None:
        engine: Engine | None = None
        try:
            engine = self._load()
            engine.warm_up()
        except EngineError as error:
            with self._lock:
                self._wait = min(2 * self._wait, LONGEST_RETRY)
                self._retry_at, self._retrying = self._clock() + self._wait, False
                self._job, self._fault = None, str(error)
            if engine is not None:
                engine.close()
            return
        with self._lock:
            self._retrying, self._job = False, None
            if not self._closed:
                self._preferred, self._fault, self._recovered = engine, '', self._clock()
                engine = None
        if engine is not None:
            engine.close()
        else:
            _log.warning('%s: the preferred backend answers now', self._model)
