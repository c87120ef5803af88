# SPDX-License-Identifier: Apache-2.0
"""A tiny run of what is measured over DDS: every kind of row is there, and none says nonsense.

However many of its few frames are lost: nothing is held against a bound that a machine may miss.
"""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy')

from benchmarks import camera, dashboard, matching, sensors, startup
from benchmarks.over_dds import RATES

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]  # processes start, one after another


def test_camera() -> None:
    rows = {(row.name, row.variant, row.figure): row for row in camera.run(0.06, runs=1, rising=1)}
    steady = [
        figure for name, variant, figure in rows if (name, variant) == (camera.NAME, '30 Hz')
    ]
    percentiles = ['p50', 'p95', 'p99']
    assert steady == [
        *percentiles,
        *(f'added {one}' for one in percentiles),
        *('missed', 'jitter', 'processor', 'memory'),
    ]
    latency, added = (rows[camera.NAME, '30 Hz', one] for one in ('p50', 'added p50'))
    assert 0 < added.value < latency.value
    assert latency.ratio is not None and latency.ratio > 1
    assert 0 <= rows[camera.NAME, '30 Hz', 'missed'].value <= 1
    assert rows[camera.NAME, '30 Hz', 'memory'].value > 30
    names = {name for name, _, _ in rows}
    for name in names:
        assert rows[name, 'rising rates', 'peak'].value >= 0
        assert sum(figure == 'answers' for other, _, figure in rows if other == name) == len(RATES)
    assert bool(camera.recorded_frames()) == (len(names) == 2)


def test_matching() -> None:
    rows = {(row.name, row.variant, row.figure): row for row in matching.run(0.1)}
    for mode in matching.MODES:
        name = f'infrared 640x480 to box, {mode}'
        added = rows[name, f'{matching.RATE} Hz', 'added p50']
        assert 0 < added.value < rows[name, f'{matching.RATE} Hz', 'p50'].value
        assert rows[name, 'rising rates', 'peak'].value >= 0


def test_sensors() -> None:
    rows = {(row.variant, row.figure): row for row in sensors.run(scale=0.2, counts=(1, 2))}
    assert rows['1', 'processor'].ratio is None
    assert rows['2', 'processor'].reference == '1 of them'
    for count in '12':
        assert 0 <= rows[count, 'answered'].value <= 1
        assert 0 <= rows[count, 'fairness'].value <= 1


def test_dashboard() -> None:
    rows = {(row.name, row.figure): row for row in dashboard.run(0.06, runs=1, rising=1)}
    page, sketch = 'camera 640x480 to a page', 'sketch asked by a page'
    for name in (page, sketch):
        assert 0 < rows[name, 'p50'].value <= rows[name, 'p99'].value
        assert rows[name, 'p50'].ratio is not None and rows[name, 'p50'].goal
    assert rows[sketch, 'p50'].ratio > 1
    cost = rows['camera 640x480 to match, a page open', 'peak']
    assert cost.value >= 0 and cost.goal == 'ratio >= 0.9'


def test_start_of_the_command() -> None:
    rows = startup.run(runs=1, node_runs=0)
    assert [row.name for row in rows] == ['xsense --help']
    assert rows[0].ratio is not None and rows[0].ratio > 0
