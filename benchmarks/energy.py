# SPDX-License-Identifier: Apache-2.0
"""The processor's own energy counters (Linux powercap), where this user may read them.

They count whole packages: what the rest of the machine uses meanwhile is in the figure, too.
Kernels since 5.10 show them to root only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

POWERCAP = Path('/sys/class/powercap')


class EnergyMeter:
    """Joules that the processor packages have used.

    Args:
        folder: of the counters.

    Raises:
        OSError: there are none, or they may not be read.
    """

    def __init__(self, folder: Path = POWERCAP) -> None:
        # 'intel-rapl:0' is a package (AMD's have the same name), 'intel-rapl:0:1' a part of it.
        self._packages = sorted(folder.glob('intel-rapl:?'))
        if not self._packages:
            raise OSError(f'no energy counter in {folder}')
        self._spans = [_read(package, 'max_energy_range_uj') for package in self._packages]
        self._counters()

    def of_runs(self, call: Callable[[], object], seconds: float) -> float:
        """Joules a call takes, over as many calls as fit into this time."""
        done, before = 0, self._counters()
        begun = time.perf_counter()
        while not done or time.perf_counter() - begun < seconds:
            call()
            done += 1
        used = zip(self._counters(), before, self._spans, strict=True)
        # A counter begins again at 0 when it is full.
        return sum((now - then) % span for now, then, span in used) / 1e6 / done

    def _counters(self) -> list[int]:
        return [_read(package, 'energy_uj') for package in self._packages]


def _read(package: Path, name: str) -> int:
    return int((package / name).read_text())
