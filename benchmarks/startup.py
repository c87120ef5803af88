# SPDX-License-Identifier: Apache-2.0
"""Start of the `xsense` command against a Python that only starts."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.report import Result, percentile

ROUNDS = 9


def run() -> list[Result]:
    """Alternate `xsense --help` and an empty program."""
    commands = {'ours': ['-m', 'xsense_ros.cli', '--help'], 'bare': ['-c', 'pass']}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, arguments in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - start)
    ours, bare = percentile(seconds['ours'], 50), percentile(seconds['bare'], 50)
    return [
        Result(
            name='xsense --help',
            ours=f'{ours:.3f} s p50',
            bare=f'{bare:.3f} s p50: python -c pass',
            figure=f'{ours:.3f} s, {ours / bare:.1f} x',
            goal='< 0.3 s',
            met=ours < 0.3,
            samples=ROUNDS,
        )
    ]
