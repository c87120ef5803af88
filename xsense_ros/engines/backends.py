# SPDX-License-Identifier: Apache-2.0
"""Choosing an inference backend: tried in order, with the reason of each fallback."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from xsense_ros.engines.build_process import BuildRequest
from xsense_ros.engines.build_queue import QUEUE
from xsense_ros.engines.engine import Engine, MissingEngineError
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.engines.precision import BF16, FP16, FP32, INT8, TENSORRT, located
from xsense_ros.engines.standby import StandbyEngine
from xsense_ros.errors import EngineError

# Whether a missing engine is built in the background.
AUTO, NEVER = 'auto', 'never'
Constructor = Callable[[Path, ModelSpec, int | None], Engine]


@dataclass(frozen=True)
class Fallback:
    """A backend that was asked for and could not serve, and why."""

    backend: str
    model: str
    reason: str


def _onnxruntime(model_path: Path, spec: ModelSpec, threads: int | None) -> Engine:
    return OnnxEngine(model_path, spec, threads=threads)


def _tensorrt(name: str, model_path: Path, spec: ModelSpec, threads: int | None) -> Engine:
    from xsense_ros.engines.tensorrt import TensorRtEngine  # only where it is asked for

    return TensorRtEngine(model_path, spec, backend=name)


def _openvino(compute: str, model_path: Path, spec: ModelSpec, threads: int | None) -> Engine:
    from xsense_ros.engines.openvino import OpenVinoEngine  # only where it is asked for

    return OpenVinoEngine(model_path, spec, threads=threads, compute=compute)


def _at_precision(name: str, model_path: Path, spec: ModelSpec, threads: int | None) -> Engine:
    base, path, there = located(name, model_path, spec)
    return BACKENDS[base](path, there, threads)


# By name, and by name and precision: 'openvino:bf16'.
BACKENDS: dict[str, Constructor] = {
    'onnxruntime': _onnxruntime,
    'openvino': partial(_openvino, FP32),
    'openvino:bf16': partial(_openvino, BF16),
    'tensorrt': partial(_tensorrt, 'tensorrt'),
    'tensorrt_rtx': partial(_tensorrt, 'tensorrt_rtx'),
}
for _name in (
    *('onnxruntime:fp16', 'onnxruntime:int8', 'openvino:int8'),
    *(f'{base}:{precision}' for base in TENSORRT for precision in (FP16, INT8)),
):
    BACKENDS[_name] = partial(_at_precision, _name)


def load_engine(
    model_path: Path,
    spec: ModelSpec,
    backends: Sequence[str] = ('onnxruntime',),
    *,
    threads: int | None = None,
    strict: bool = False,
    build: str = NEVER,
) -> tuple[Engine, tuple[Fallback, ...]]:
    """Load a model on the first backend that can take it.

    A constructor says that it cannot serve by raising EngineError. A BundleError goes through at
    once: a broken model is broken on every backend. Where other backends were named after the one
    that serves, they take over if it fails at run time. They also answer while an engine that a
    backend misses is built in a process in the background; then it takes over.

    Args:
        model_path: the .onnx file.
        spec: its tensors, from the manifest.
        backends: names in order of preference.
        threads: threads within one operator; None takes the backend's default.
        strict: the first backend must serve; nothing is tried in its place.
        build: 'auto' builds a missing engine where another backend can answer meanwhile.

    Returns:
        The engine, and the backends that were passed over with their reasons.

    Raises:
        EngineError: an unknown name, or no backend could serve.
        BundleError: the model is broken or is not what the manifest says.
    """
    known = ', '.join(sorted(BACKENDS))
    if not backends:
        raise EngineError('backends', backends, f'at least one of: {known}', 'name a backend')
    for name in backends:
        if name not in BACKENDS:
            cure = 'correct the name, or install the extra that brings it'
            raise EngineError('backend', name, f'one of: {known}', cure)
    fallbacks: list[Fallback] = []
    for number, name in enumerate(backends, start=1):
        engine = _attempt(name, model_path, spec, threads)
        rest = backends[number:]
        again = partial(BACKENDS[name], model_path, spec, threads)
        others = partial(_first, model_path, spec, rest, threads)
        if not isinstance(engine, EngineError):
            if rest and not strict:
                engine = StandbyEngine(spec, engine, again, others)
            return engine, tuple(fallbacks)
        if isinstance(engine, MissingEngineError) and build == AUTO and rest and not strict:
            start = partial(QUEUE.add, BuildRequest.of(*located(name, model_path, spec)))
            # Where nobody can answer meanwhile, that is said below, with all reasons.
            with contextlib.suppress(EngineError):
                return StandbyEngine(spec, None, again, others, build=start), tuple(fallbacks)
        if strict:
            raise engine
        fallbacks.append(Fallback(name, model_path.name, str(engine)))
    reasons = '; '.join(f'{fallback.backend}: {fallback.reason}' for fallback in fallbacks)
    raise EngineError(
        f'backends for {model_path.name}',
        tuple(backends),
        f'one that works ({reasons})',
        "add 'onnxruntime' to the backends: it runs everywhere",
    )


def _first(
    model_path: Path, spec: ModelSpec, backends: Sequence[str], threads: int | None
) -> Engine:
    return load_engine(model_path, spec, backends, threads=threads)[0]


def _attempt(
    name: str, model_path: Path, spec: ModelSpec, threads: int | None
) -> Engine | EngineError:
    try:
        return BACKENDS[name](model_path, spec, threads)
    except EngineError as error:
        return error
