# SPDX-License-Identifier: Apache-2.0
"""Results of benchmarks: a table for people and JSON, with the machine named, for comparing."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One measured figure beside what it was measured against in the same run.

    ``met`` is None where the figure has no goal.
    """

    name: str
    ours: str
    bare: str
    figure: str
    goal: str
    met: bool | None
    samples: int


def percentile(values: list[float], share: int) -> float:
    """The given percentile; NaN for no values."""
    return float(np.percentile(values, share)) if values else float('nan')


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    model = platform.machine()
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.exists():
        names = [
            line for line in cpuinfo.read_text().splitlines() if line.startswith('model name')
        ]
        model = names[0].split(':', 1)[1].strip() if names else model
    cores = len(os.sched_getaffinity(0))
    return {
        'cpu': model,
        'cores': cores,
        'system': platform.platform(),
        'python': platform.python_version(),
    }


def show(results: list[Result]) -> None:
    """Print the table."""
    table = Table(title='Ratios against something bare in the same run', title_justify='left')
    for column in ('what', 'ours', 'bare', 'figure', 'goal', 'met', 'samples'):
        table.add_column(column, overflow='fold')
    marks = {True: 'yes', False: 'NO', None: ''}
    for row in results:
        table.add_row(
            row.name, row.ours, row.bare, row.figure, row.goal, marks[row.met], str(row.samples)
        )
    Console(width=None if os.isatty(1) else 120).print(table)


def save(results: list[Result], path: Path) -> None:
    """Write results and machine as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {'machine': machine(), 'results': [asdict(row) for row in results]}
    path.write_text(json.dumps(content, indent=2) + '\n')
