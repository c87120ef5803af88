# SPDX-License-Identifier: Apache-2.0
"""Energy of a call from the counters of Linux, full ones included."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.energy import EnergyMeter


def package(folder: Path, name: str, used: int, span: int) -> Path:
    counter = folder / name
    counter.mkdir()
    (counter / 'energy_uj').write_text(f'{used}\n')
    (counter / 'max_energy_range_uj').write_text(f'{span}\n')
    return counter / 'energy_uj'


def test_joules_of_all_packages_also_when_a_counter_begins_again(tmp_path: Path) -> None:
    first = package(tmp_path, 'intel-rapl:0', 1_000_000, 10_000_000)
    second = package(tmp_path, 'intel-rapl:1', 9_000_000, 10_000_000)
    package(tmp_path, 'intel-rapl:0:0', 5, 10)  # a part of the first, not counted twice

    def work() -> None:
        first.write_text('4000000')
        second.write_text('2000000')

    assert EnergyMeter(tmp_path).of_runs(work, 0.0) == pytest.approx(3.0 + 3.0)


def test_no_counter_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match='no energy counter'):
        EnergyMeter(tmp_path)
