# SPDX-License-Identifier: Apache-2.0
"""What another precision saves on this machine's processor, as ratios taken in one run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.engine import Engine
from xsense_ros.errors import EngineError
from xsense_training.export.precision_int8 import Feed

REFERENCE = 'onnxruntime'
EXACT = (REFERENCE, 'openvino', 'openvino:bf16')
LOWER = ('onnxruntime', 'openvino')
ROUNDS = 15


def speeds(
    bundle: Bundle,
    files: Mapping[str, Path],
    feeds: Mapping[str, Feed],
    exact: Sequence[str] = EXACT,
    lower: Sequence[str] = LOWER,
) -> dict[str, float]:
    """CPU time of these models on each backend over that of ONNX Runtime in fp32, one thread.

    Processor time rather than elapsed time, and every backend in turn: other programs may run.

    Args:
        bundle: whose models they are.
        files: by model, at the lower precision.
        feeds: one real input by model.
        exact: backends that run the fp32 files.
        lower: backends that run the given files; their names get a ' *'.

    Returns:
        Ratio of the medians by backend, without those that cannot run here.
    """
    engines: dict[str, dict[str, Engine]] = {}
    for name, mark in (*((n, '') for n in exact), *((n, ' *') for n in lower)):
        own: dict[str, Engine] = {}
        try:
            for key, file in files.items():
                path = file if mark else bundle.model_path(key)
                spec = replace(bundle.manifest.models[key], variants={})
                own[key], _ = load_engine(path, spec, (name,), threads=1)
        except EngineError:
            continue
        engines[f'{name}{mark}'] = own
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(ROUNDS + 1):
        for name, own in engines.items():
            start = time.process_time()
            for key, engine in own.items():
                engine.infer(feeds[key])
            taken[name].append(time.process_time() - start)
    for own in engines.values():
        for engine in own.values():
            engine.close()
    medians = {name: float(np.median(times[1:])) for name, times in taken.items()}
    return {name: round(t / medians[REFERENCE], 2) for name, t in medians.items()}
