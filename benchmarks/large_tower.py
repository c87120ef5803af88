# SPDX-License-Identifier: Apache-2.0
"""Trunks of the field at full size: what exporting them saves over calling them in PyTorch.

The shipped towers are small enough for a robot without a GPU. A ResNet-50 (He et al., CVPR 2016)
shows what the same runtimes do with a large one, a MobileNetV3 (Howard et al., ICCV 2019) with a
light one; both as their PyTorch modules are written, one thread, 224x224, batch 1, on every
backend and precision of a processor.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.large_tower_files import INPUT, OUTPUT, Trunk, export, pictures
from benchmarks.statistics import NotRun, percentile_rows
from benchmarks.subjects import REFERENCE, THREADS
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import HIGHER, Row
from xsense_ros.engines.backends import load_engine
from xsense_ros.errors import EngineError

GROUP = 'large towers'
SIDE, RUNS, BUDGET = 224, 5, 0.3
EAGER, EAGER_LAST = 'torch eager', 'torch eager, channels last'
EXPORTED = (REFERENCE, 'onnxruntime:int8', 'openvino', 'openvino:bf16', 'openvino:int8')
OTHERS = 'fp32, other pictures'
_PICTURES = 8  # to fit with, and as many others to judge with
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Wanted:
    """What the fastest export of a trunk should save, and how its int8 file is made.

    goal: of the median beside PyTorch; float_first: convolutions that stay in float.
    """

    goal: str
    float_first: int


# Integers from the first convolution on cost a residual network little, and a light one more.
TRUNKS = {
    'resnet50': Wanted('ratio <= 0.333', float_first=0),
    'mobilenet_v3_large': Wanted('ratio <= 0.5', float_first=8),
}


def run(
    trunks: Mapping[str, Wanted] = TRUNKS,
    side: int = SIDE,
    runs: int = RUNS,
    budget: float = BUDGET,
) -> list[Row | NotRun]:
    """Latency and drift of each trunk on each backend, beside the PyTorch module."""
    try:
        import torch

        from xsense_training.torchvision_guard import prepare_torchvision
    except ImportError as error:
        return [NotRun('large towers', f'{error}; `make bench` finds both')]
    prepare_torchvision()
    torch.set_num_threads(THREADS)
    fitted, judged = pictures(_PICTURES, side), pictures(_PICTURES, side, first=1)
    rows: list[Row | NotRun] = []
    refused: dict[str, str] = {}
    for name, wanted in trunks.items():
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            trunk = export(name, fitted, judged, wanted.float_first, folder)
            title = f'{name} {side}x{side}'
            calls = _engines(trunk, stack, refused)
            drift = _drift(title, trunk, calls, judged)
            rows += _latency(title, wanted.goal, trunk, calls, judged[0], runs, budget)
            rows += drift
    return rows + [NotRun(f'large trunks on {name}', why) for name, why in refused.items()]


Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def _engines(trunk: Trunk, stack: ExitStack, refused: dict[str, str]) -> dict[str, Infer]:
    """What can run the trunk, by backend; of others the reason is kept."""
    calls: dict[str, Infer] = {}
    for backend in EXPORTED:
        try:
            engine, _ = load_engine(
                trunk.path, trunk.spec, (backend,), threads=THREADS, strict=True
            )
        except EngineError as error:
            refused.setdefault(backend, str(error))
            continue
        stack.callback(engine.close)
        calls[backend] = partial(_infer, engine)
    return calls


def _infer(engine: Any, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(engine.infer({INPUT: picture})[OUTPUT])


def _drift(
    title: str,
    trunk: Trunk,
    calls: Mapping[str, Infer],
    judged: list[NDArray[np.float32]],
) -> list[Row]:
    """Cosine of each backend's outputs to PyTorch's; that of other pictures to compare with."""
    rows = []
    right = trunk.right / np.linalg.norm(trunk.right, axis=1, keepdims=True)
    for backend, call in calls.items():
        found = np.concatenate([call(one) for one in judged])
        error = np.abs(found - trunk.right).max() / np.abs(trunk.right).max()
        if ':' not in backend and error > _TOLERANCE:
            raise AssertionError(f'{title}: {backend} and PyTorch disagree')
        cosines = np.sum(found * right, axis=1) / np.linalg.norm(found, axis=1)
        rows += _cosines(title, backend, cosines)
    apart = (right @ right.T)[~np.eye(len(right), dtype=bool)]
    return rows + _cosines(title, OTHERS, apart)


def _cosines(title: str, variant: str, cosines: NDArray[np.floating]) -> list[Row]:
    figures = {'cosine': cosines.mean(), 'least cosine': cosines.min()}
    return [
        Row(GROUP, title, variant, figure, round(float(value), 5), 'to fp32', better=HIGHER)
        for figure, value in figures.items()
    ]


def _latency(
    title: str,
    goal: str,
    trunk: Trunk,
    calls: Mapping[str, Infer],
    picture: NDArray[np.float32],
    runs: int,
    budget: float,
) -> list[Row]:
    import torch

    def eager(module: Any, x: Any) -> Any:
        with torch.inference_mode():
            return module(x)

    layout = torch.channels_last
    last = copy.deepcopy(trunk.module).to(memory_format=layout)
    shown = torch.from_numpy(picture)
    turns: dict[str, Callable[[], Any]] = {
        name: partial(call, picture) for name, call in calls.items()
    }
    turns[EAGER] = partial(eager, trunk.module, shown)
    turns[EAGER_LAST] = partial(eager, last, shown.to(memory_format=layout))
    for call in turns.values():
        call()
    taken = in_turns(turns, runs=runs, budget=budget)
    best = min(calls, key=lambda name: float(np.median(np.concatenate(taken[name]))))
    return [
        row
        for variant in turns
        for row in percentile_rows(
            taken[variant],
            taken[EAGER],
            group=GROUP,
            name=title,
            variant=variant,
            unit='ms',
            reference=EAGER,
            goals={'p50': goal} if variant == best else {},
        )
    ]
