# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.peak_memory BUNDLE MODALITY BACKEND`: MB that a tower needs by itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.subjects import subjects

_TIMES = 3


def peak_mb() -> float:
    """Largest resident memory of this process so far [MB].

    Not getrusage: its figure begins with that of the process this one was forked from.
    """
    found = re.search(r'^VmHWM:\s+(\d+) kB', Path('/proc/self/status').read_text(), re.MULTILINE)
    if found is None:
        raise OSError('/proc/self/status says nothing of VmHWM')
    return int(found[1]) * 1024 / 1e6


def main(bundle: str, modality: str, backend: str) -> None:
    """Load one tower, run it, and print the peak."""
    subject = next(one for one in subjects([bundle]) if one.modality == modality)
    chain, inputs = subject.load(backend), subject.prepare()
    for _ in range(_TIMES):
        chain(inputs)
    print(f'{peak_mb():.1f}')


if __name__ == '__main__':
    main(*sys.argv[1:])
