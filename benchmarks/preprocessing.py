# SPDX-License-Identifier: Apache-2.0
"""What a sample costs before its tower sees it, against the tower itself on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.statistics import percentile_rows
from benchmarks.subjects import REFERENCE, subjects
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import Row

RUNS, BUDGET = 5, 0.03


def run(bundles: Sequence[str] = (), runs: int = RUNS, budget: float = BUDGET) -> list[Row]:
    """Measure the preprocessing of these bundles' towers, of all where none is named."""
    rows = []
    for subject in subjects(bundles):
        chain, inputs = subject.load(REFERENCE), subject.prepare()
        taken = in_turns(
            {'ours': subject.prepare, 'engine': partial(chain, inputs)}, runs=runs, budget=budget
        )
        chain.close()
        rows += percentile_rows(
            taken['ours'],
            taken['engine'],
            group='preprocessing',
            name=subject.name,
            variant='',
            unit='ms',
            reference=f'its tower on {REFERENCE}',
        )
    return rows
