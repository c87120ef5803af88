# SPDX-License-Identifier: Apache-2.0
"""Every tower and matcher on every backend at hand, against ONNX Runtime in float32.

One thread within an operator, batch 1: what a robot asks for. Throughput is that of as many
callers as there are cores, with one engine each. Memory is the peak of a process of its own that
does nothing but load the tower and run it. Of PyTorch, where installed, only latency is measured.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.energy import EnergyMeter
from benchmarks.statistics import NotRun, median_row, percentile_rows
from benchmarks.subjects import REFERENCE, Subject, Tensors, subjects
from benchmarks.torch_eager import TORCH, TorchEager
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import HIGHER, Row
from xsense_ros.engines.backends import BACKENDS
from xsense_ros.engines.build_bundles import build_bundles
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.cuda import gpu_at_hand
from xsense_ros.engines.precision import TENSORRT
from xsense_ros.errors import EngineError

GROUP = 'towers'
Runner = Callable[[Tensors], object]
RUNS, BUDGET, THROUGHPUT_SECONDS = 5, 0.06, 0.1


def run(
    bundles: Sequence[str] = (),
    runs: int = RUNS,
    budget: float = BUDGET,
    throughput_seconds: float = THROUGHPUT_SECONDS,
) -> list[Row | NotRun]:
    """Measure the towers of these bundles, of all where none is named."""
    wanted = subjects(bundles)
    _build_engines(list({one.bundle.path: one.bundle for one in wanted}.values()))
    rows: list[Row | NotRun] = []
    refused: dict[str, list[tuple[str, str]]] = {}
    for subject in wanted:
        with ExitStack() as stack:
            chains = _chains(subject, stack, refused)
            rows += _latency(subject, chains, runs, budget)
            backends = {name: one for name, one in chains.items() if name in BACKENDS}
            rows += _energy(subject, backends, max(3, runs // 2), throughput_seconds)
            rows += _throughput(subject, backends, max(3, runs // 2), throughput_seconds)
        gc.collect()
        rows += _memory(subject, list(backends))
    for backend, why in refused.items():
        if len(why) == len(wanted):  # a backend that can run nothing here says so once
            rows.append(NotRun(backend, why[0][1]))
        else:
            rows += [NotRun(f'{backend}: {name}', reason) for name, reason in why]
    return rows


def _build_engines(bundles: Sequence[Bundle]) -> None:
    """Where there is a GPU, build the TensorRT engines that are missing; else no backend can."""
    if gpu_at_hand() is None:
        return
    for backend in BACKENDS:
        if backend.partition(':')[0] in TENSORRT:
            try:
                build_bundles(bundles, backend)
            except EngineError:
                continue  # shown already; loading it says why, too


def _chains(
    subject: Subject, stack: ExitStack, refused: dict[str, list[tuple[str, str]]]
) -> dict[str, Runner]:
    """What can run the tower, by backend; each has run once, and is closed with `stack`.

    Where ONNX Runtime cannot run it, that is an error; of others the reason is kept.
    """
    chains: dict[str, Runner] = {REFERENCE: _warm(subject, REFERENCE, stack)}
    others: dict[str, Callable[[], Runner]] = {
        name: partial(_warm, subject, name, stack) for name in BACKENDS if name != REFERENCE
    }
    others[TORCH] = partial(TorchEager.of, subject, chains[REFERENCE])
    for name, make in others.items():
        made = _attempt(make)
        if isinstance(made, EngineError):
            refused.setdefault(name, []).append((subject.name, _short(made)))
        else:
            chains[name] = made
    return chains


def _warm(subject: Subject, backend: str, stack: ExitStack) -> Runner:
    chain = subject.load(backend)
    stack.callback(chain.close)
    chain(subject.prepare())
    return chain


def _attempt(make: Callable[[], Runner]) -> Runner | EngineError:
    try:
        return make()
    except EngineError as error:
        return error


def _short(error: EngineError) -> str:
    return f'{error.what}: {error.value}; expected {error.expected}'.replace('\n', ' ')[:240]


def _latency(
    subject: Subject, chains: Mapping[str, Runner], runs: int, budget: float
) -> list[Row]:
    inputs = subject.prepare()
    taken = in_turns(
        {name: partial(chain, inputs) for name, chain in chains.items()}, runs=runs, budget=budget
    )
    return [
        row
        for name in chains
        for row in percentile_rows(
            taken[name],
            taken[REFERENCE],
            group=GROUP,
            name=subject.name,
            variant=name,
            unit='ms',
            reference=REFERENCE,
        )
    ]


def _energy(
    subject: Subject, chains: Mapping[str, Runner], runs: int, seconds: float
) -> list[Row | NotRun]:
    try:
        meter = EnergyMeter()
    except OSError as error:
        return [NotRun('energy', str(error))]
    inputs = subject.prepare()
    joules: dict[str, list[float]] = {name: [] for name in chains}
    for _ in range(runs):
        for name, chain in chains.items():
            joules[name].append(meter.of_runs(partial(chain, inputs), seconds))
    return [*_rows(subject, joules, figure='energy', unit='J')]


def _throughput(
    subject: Subject,
    chains: Mapping[str, Runner],
    runs: int,
    seconds: float,
) -> list[Row]:
    inputs = subject.prepare()
    rates: dict[str, list[float]] = {name: [] for name in chains}
    with ExitStack() as stack:
        crews: dict[str, list[Runner]] = {}
        for name, chain in chains.items():
            crews[name] = [chain]
            for _ in range(_cores() - 1):
                mate = subject.load(name)
                stack.callback(mate.close)
                crews[name].append(mate)
        for _ in range(runs):
            for name, crew in crews.items():
                rates[name].append(_rate(crew, inputs, seconds))
    return _rows(subject, rates, figure='throughput', unit='/s', better=HIGHER)


def _rows(subject: Subject, values: Mapping[str, Sequence[float]], **row: Any) -> list[Row]:
    """One figure of the tower on each backend, beside the reference."""
    return [
        median_row(
            own,
            values[REFERENCE],
            group=GROUP,
            name=subject.name,
            variant=name,
            reference=REFERENCE,
            **row,
        )
        for name, own in values.items()
    ]


def _rate(crew: Sequence[Runner], inputs: Tensors, seconds: float) -> float:
    """Runs a second of all callers together."""
    done = [0] * len(crew)
    start = threading.Barrier(len(crew) + 1)

    def work(number: int) -> float:
        start.wait()
        begin = time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < seconds or not done[number]:
            crew[number](inputs)
            done[number] += 1
        return done[number] / elapsed

    with ThreadPoolExecutor(len(crew)) as pool:
        rates = [pool.submit(work, number) for number in range(len(crew))]
        start.wait()
        return sum(rate.result() for rate in rates)


def _memory(subject: Subject, backends: Sequence[str]) -> list[Row]:
    with ThreadPoolExecutor(_cores()) as pool:
        peaks = list(pool.map(partial(_peak_mb, subject), backends))
    values = {name: [peak] for name, peak in zip(backends, peaks, strict=True)}
    return _rows(subject, values, figure='memory', unit='MB')


def _peak_mb(subject: Subject, backend: str) -> float:
    module = [sys.executable, '-m', 'benchmarks.peak_memory']
    done = subprocess.run(
        [*module, subject.bundle.path.name, subject.modality, backend],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return float(done.stdout.split()[-1])


def _cores() -> int:
    return len(os.sched_getaffinity(0))
