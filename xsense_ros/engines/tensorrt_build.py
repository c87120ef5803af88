# SPDX-License-Identifier: Apache-2.0
"""ONNX file -> the bytes of a TensorRT engine.

Precision is that of the graph: networks are strongly typed, float32 is not rounded to TF32, and
no precision flag is ever set. TensorRT 11 and TensorRT-RTX have none; in TensorRT 10 they would
change the model behind the manifest's back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.cache import write_whole
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.tensorrt_vendor import Vendor
from xsense_ros.errors import EngineError

PRECISION = 'as in the graph'
Progress = Callable[[float, str], None]
_ON_CPU = "name 'onnxruntime' in the backends after it: it runs the model as it is"


@dataclass(frozen=True)
class BuildSettings:
    """How engines are built.

    batch: most samples at once; engines are tuned for one. compute_capabilities: '8.9', of GPUs
    that a TensorRT-RTX engine is built for, which need not be here; empty for the GPU at hand.
    workspace_bytes: most memory that a layer may use (None: the runtime's choice). timing_cache:
    file of measured kernels, which makes the next build faster (TensorRT only).
    """

    batch: int = 1
    compute_capabilities: tuple[str, ...] = ()
    workspace_bytes: int | None = None
    timing_cache: Path | None = None

    def profile(self, spec: ModelSpec) -> str:
        """Shapes of a model's inputs, 'image 1..8x3x224x224'.

        Raises:
            EngineError: another axis than the first is free.
        """
        told = []
        for tensor in spec.inputs:
            spans = self.axes(tensor.name, tensor.shape)
            shape = 'x'.join(str(a) if a == b else f'{a}..{b}' for a, b in spans)
            told.append(f'{tensor.name} {shape}')
        return ', '.join(told)

    def axes(self, name: str, shape: tuple[Any, ...]) -> list[tuple[int, int]]:
        """Least and most of every axis; whatever is no positive number is free."""
        free = [not (isinstance(axis, int) and axis > 0) for axis in shape]
        if any(free[1:]):
            raise EngineError(
                f'shape of input {name!r}', shape, 'a free batch axis at most', _ON_CPU
            )
        return [
            (1, self.batch) if varies else (int(axis), int(axis))
            for varies, axis in zip(free, shape, strict=True)
        ]


def build_plan(
    vendor: Vendor,
    model_path: Path,
    settings: BuildSettings,
    on_progress: Progress | None = None,
) -> bytes:
    """Build an engine; takes seconds with TensorRT-RTX and up to many minutes with TensorRT.

    Args:
        vendor: which TensorRT.
        model_path: the .onnx file.
        settings: how.
        on_progress: told the share that is done (0 to 1, never falling) and of what.

    Raises:
        EngineError: the model has something that this TensorRT cannot run, the GPU is missing or
            of the wrong kind, or memory ran out; the message holds what TensorRT said.
    """
    trt = vendor.module
    vendor.messages.take()
    builder = _builder(vendor)
    network = builder.create_network(_strongly_typed(trt))
    parser = trt.OnnxParser(network, vendor.messages.logger)
    if not parser.parse_from_file(str(model_path)):
        told = [parser.get_error(number) for number in range(parser.num_errors)]
        found = '; '.join(f'{error.node_operator()}: {error.desc()}' for error in told)
        expected = f'one that {vendor.title} knows; it said: {found}'
        raise EngineError('model', model_path.name, expected, _ON_CPU)
    kept = _widen_tables(trt, network)
    config = builder.create_builder_config()
    _set_shapes(builder, network, config, settings)
    _set_compute_capabilities(vendor, config, settings)
    if settings.workspace_bytes is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, settings.workspace_bytes)
    config.clear_flag(trt.BuilderFlag.TF32)
    timings = _load_timings(vendor, config, settings)
    monitor = None
    if on_progress is not None and hasattr(trt, 'IProgressMonitor'):
        config.progress_monitor = monitor = _monitor(trt, on_progress)
    plan = builder.build_serialized_network(network, config)
    del kept
    if monitor is not None and monitor.interrupted:
        raise KeyboardInterrupt
    if plan is None:
        raise EngineError(
            f'building {model_path.name} with {vendor.name}',
            'no engine',
            f'an engine; it said: {vendor.messages.take() or "nothing"}',
            f'free memory on the device, or {_ON_CPU}',
        )
    if timings is not None and settings.timing_cache is not None:
        with contextlib.suppress(OSError):  # a folder that cannot be written: slower next time
            write_whole(settings.timing_cache, bytes(timings.serialize()))
    return bytes(plan)


def _builder(vendor: Vendor) -> Any:
    try:
        return vendor.module.Builder(vendor.messages.logger)
    # Without a GPU the constructor of TensorRT gives nothing, which its binding calls a TypeError.
    except (TypeError, RuntimeError) as error:
        raise EngineError(
            f'builder of {vendor.title}',
            str(error),
            f'an NVIDIA GPU with a working driver; it said: {vendor.messages.take() or "nothing"}',
            'check nvidia-smi (tegrastats on a Jetson); tensorrt_rtx builds without a GPU',
        ) from error


def _strongly_typed(trt: Any) -> int:
    """Flags of a network whose types are those of the ONNX file."""
    return 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)


def _widen_tables(trt: Any, network: Any) -> list[NDArray[np.float16]]:
    """Turn int8 tables of a look-up into float16, which holds every int8 exactly.

    Our exporter keeps token tables as int8 rows, cast and scaled after the look-up. TensorRT takes
    an int8 constant for a quantised weight and refuses it without a DequantizeLinear.

    Returns:
        The arrays, which must live until the engine is built.
    """
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    tables: dict[str, Any] = {}
    kept: list[NDArray[np.float16]] = []
    for layer in layers:
        if layer.type == trt.LayerType.CONSTANT and layer.get_output(0).dtype == trt.int8:
            tables[layer.get_output(0).name] = layer
        elif layer.type == trt.LayerType.GATHER and layer.get_input(0).name in tables:
            table = tables[layer.get_input(0).name]
            table.__class__ = trt.IConstantLayer  # layers of a network come as their base class
            shape = tuple(table.shape)
            values = np.asarray(table.weights).reshape(shape).astype(np.float16)
            kept.append(values)
            wide = network.add_constant(shape, trt.Weights(values))
            layer.set_input(0, wide.get_output(0))
    return kept


def _set_shapes(builder: Any, network: Any, config: Any, settings: BuildSettings) -> None:
    profile = builder.create_optimization_profile()
    free = False
    for number in range(network.num_inputs):
        tensor = network.get_input(number)
        axes = settings.axes(tensor.name, tuple(tensor.shape))
        least, most = ([span[end] for span in axes] for end in (0, 1))
        free = free or -1 in tuple(tensor.shape)
        # A robot asks with one sample at a time: that is what kernels are chosen for.
        profile.set_shape(tensor.name, least, least, most)
    if free:
        config.add_optimization_profile(profile)


def _set_compute_capabilities(vendor: Vendor, config: Any, settings: BuildSettings) -> None:
    wanted = settings.compute_capabilities
    if not wanted:
        return
    known = vendor.compute_capabilities
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise EngineError(
            f'compute capability for {vendor.title}',
            unknown,
            f'some of {list(known)}' if known else 'none: it builds for the GPU that it runs on',
            'leave it out, or build with tensorrt_rtx' if not known else 'correct it',
        )
    config.num_compute_capabilities = len(wanted)
    for number, name in enumerate(wanted):
        member = f'SM{name.replace(".", "")}'
        config.set_compute_capability(getattr(vendor.module.ComputeCapability, member), number)


def _load_timings(vendor: Vendor, config: Any, settings: BuildSettings) -> Any:
    """The timing cache that the builder adds to; None where there is no use for one."""
    path = settings.timing_cache
    # TensorRT-RTX measures nothing when it builds: it compiles on the robot.
    if path is None or vendor.any_gpu:
        return None
    timings = config.create_timing_cache(path.read_bytes() if path.exists() else b'')
    if timings is None or not config.set_timing_cache(timings, False):
        timings = config.create_timing_cache(b'')  # of another version or GPU: begin anew
        config.set_timing_cache(timings, False)
    return timings


class PhaseProgress:
    """Nested phases of a build -> one share that never falls.

    TensorRT names a phase, its parent and its number of steps, then counts them; a phase inside a
    step moves the share within that step.
    """

    def __init__(self, on_progress: Progress) -> None:
        self._tell = on_progress
        self._parent: dict[str, str | None] = {}
        self._steps: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._told = 0.0

    def start(self, phase: str, parent: str | None, steps: int) -> None:
        """A phase with that many steps begins."""
        self._parent[phase], self._steps[phase], self._done[phase] = parent, max(1, steps), 0
        self._say(phase)

    def step(self, phase: str, step: int) -> None:
        """A step, counted from 0, is complete."""
        self._done[phase] = step + 1
        self._say(phase)

    def finish(self, phase: str) -> None:
        """A phase ended, perhaps before its last step."""
        self._done[phase] = self._steps[phase]
        self._say(phase)

    def _say(self, phase: str) -> None:
        share, at = 0.0, phase
        while True:
            share = min(1.0, (self._done[at] + share) / self._steps[at])
            parent = self._parent[at]
            if parent is None or parent not in self._steps:
                break
            at = parent
            share = min(share, 1.0)
        self._told = max(self._told, share)
        self._tell(self._told, phase)


def _monitor(trt: Any, on_progress: Progress) -> Any:
    """TensorRT's own class around a PhaseProgress; Ctrl-C ends the build at its next step."""
    phases = PhaseProgress(on_progress)

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.interrupted = False

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._guarded(phases.start, phase_name, parent_phase, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self._guarded(phases.step, phase_name, step)
            return not self.interrupted

        def phase_finish(self, phase_name: str) -> None:
            self._guarded(phases.finish, phase_name)

        def _guarded(self, tell: Callable[..., None], *told: Any) -> None:
            # An exception that crosses TensorRT's C++ would end the process.
            try:
                tell(*told)
            except KeyboardInterrupt:
                self.interrupted = True

    return Monitor()
