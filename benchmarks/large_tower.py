# SPDX-License-Identifier: Apache-2.0
"""Trunks of the field at full size: what exporting them saves over calling them in PyTorch.

The shipped towers are small enough for a robot without a GPU. A ResNet-50 (He et al., CVPR 2016)
shows what the same runtimes do with a large one, a MobileNetV3 (Howard et al., ICCV 2019) with a
light one; both as their PyTorch modules are written, one thread, 224x224, batch 1. Weights are
random: time does not depend on them.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.statistics import NotRun, percentile_rows
from benchmarks.subjects import REFERENCE, THREADS
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import Row
from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.manifest import ModelSpec, TensorSpec
from xsense_ros.errors import EngineError

SIDE, RUNS, BUDGET = 224, 5, 0.3
EAGER, EAGER_LAST = 'torch eager', 'torch eager, channels last'
# What an export should save: three quarters and half of the time.
TRUNKS = {'resnet50': 'ratio <= 0.333', 'mobilenet_v3_large': 'ratio <= 0.5'}
EXPORTED = (REFERENCE, 'openvino')
_TOLERANCE = 1e-3


def run(
    trunks: Mapping[str, str] = TRUNKS, side: int = SIDE, runs: int = RUNS, budget: float = BUDGET
) -> list[Row | NotRun]:
    """Latency of each trunk, beside the PyTorch module."""
    try:
        import torch  # noqa: F401

        from xsense_training.torchvision_guard import prepare_torchvision
    except ImportError as error:
        return [NotRun('large towers', f'{error}; `make bench` finds both')]
    prepare_torchvision()
    rows: list[Row | NotRun] = []
    for name, goal in trunks.items():
        with ExitStack() as stack:
            rows += _measure(name, goal, side, runs, budget, stack)
    return rows


def _measure(
    name: str, goal: str, side: int, runs: int, budget: float, stack: ExitStack
) -> list[Row | NotRun]:
    import torch
    from torchvision import models

    from xsense_training.export.onnx_export import traced, without_metadata

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    module = getattr(models, name)(weights=None).eval()
    picture = torch.rand(1, 3, side, side)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    path = folder / f'{name}.onnx'
    path.write_bytes(without_metadata(traced(module, {'x': picture}, ['y'])).SerializeToString())
    spec = ModelSpec(
        path.name,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        (TensorSpec('x', (1, 3, side, side), 'float32'),),
        (TensorSpec('y', (1, 1000), 'float32'),),
    )
    calls: dict[str, Callable[[], Any]] = {}
    rows: list[Row | NotRun] = []
    for backend in EXPORTED:
        try:
            engine, _ = load_engine(path, spec, (backend,), threads=THREADS, strict=True)
        except EngineError as error:
            rows.append(NotRun(f'{name} on {backend}', str(error)))
            continue
        stack.callback(engine.close)
        calls[backend] = partial(engine.infer, {'x': picture.numpy()})

    def eager(net: Any, x: Any) -> Any:
        with torch.inference_mode():
            return net(x)

    right = eager(module, picture).numpy()
    for backend, call in calls.items():
        if np.abs(call()['y'] - right).max() > _TOLERANCE * np.abs(right).max():
            raise AssertionError(f'{name}: {backend} and PyTorch disagree')
    last = getattr(models, name)(weights=None).eval().to(memory_format=torch.channels_last)
    calls[EAGER] = partial(eager, module, picture)
    calls[EAGER_LAST] = partial(eager, last, picture.to(memory_format=torch.channels_last))
    calls[EAGER_LAST]()
    taken = in_turns(calls, runs=runs, budget=budget)
    for variant in calls:
        rows += percentile_rows(
            taken[variant],
            taken[EAGER],
            group='large towers',
            name=f'{name} {side}x{side}',
            variant=variant,
            unit='ms',
            reference=EAGER,
            goals={} if variant in (EAGER, EAGER_LAST) else {'p50': goal},
        )
    return rows
