# SPDX-License-Identifier: Apache-2.0
"""A tiny run of what is measured of a fleet."""

from __future__ import annotations

import pytest

from benchmarks import fleet
from benchmarks.milvus_server import NEEDS, missing


@pytest.mark.skipif(missing(), reason=f'needs {NEEDS}')
def test_fleet() -> None:
    rows = fleet.run(runs=1, items=2)
    assert [row.figure for row in rows] == ['p50', 'p95', 'p99', 'mean']
    assert all(row.value > 0 and row.ratio for row in rows)


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, 'missing', lambda: True)
    (row,) = fleet.run()
    assert 'pip install' in row.reason
