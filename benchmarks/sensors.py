# SPDX-License-Identifier: Apache-2.0
"""What each further sensor costs: one to six tactile sensors of 30 Hz on one node."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.fingers import RATE, Fingers, finger_rig
from benchmarks.rig import until
from benchmarks.statistics import median_row
from xsense_ros.bench.rows import HIGHER, Row
from xsense_ros.nodes.conversions import stamp_to_ns

COUNTS = (1, 3, 6)
HEIGHT, WIDTH = 240, 320
FRAMES, RUNS = 60, 3
FAIRNESS_GOAL = 'value >= 0.9'


def run(scale: float = 1.0, counts: Sequence[int] = COUNTS) -> list[Row]:
    """Processor time and fairness for rising numbers of sensors; `scale` shortens it.

    Every second frame of each sensor is a touch. Fairness: answers of the sensor with the fewest,
    as a share of what each would have if all had the same.
    """
    rows: list[Row] = []
    alone: list[float] = []
    for count in counts:
        used, answered, fairness = _measure(count, round(FRAMES * scale))
        alone = alone or used
        row: dict[str, Any] = {
            'group': 'sensors',
            'name': f'tactile sensors {WIDTH}x{HEIGHT}, {RATE} Hz',
            'variant': str(count),
        }
        one = '' if count == counts[0] else f'{counts[0]} of them'
        against = alone if one else ()
        rows += [
            median_row(used, against, figure='processor', unit='cores', reference=one, **row),
            median_row(answered, figure='answered', unit='share', better=HIGHER, **row),
            median_row(
                fairness, figure='fairness', unit='share', better=HIGHER,
                goal=FAIRNESS_GOAL, **row,
            ),
        ]  # fmt: skip
    return rows


def _measure(count: int, frames: int) -> tuple[list[float], list[float], list[float]]:
    """Cores used, share of the touches answered and fairness, by run."""
    heard: set[int] = set()  # stamps, one a frame
    topics = [f'touch{number}' for number in range(count)]
    used, answered, fairness = [], [], []
    with finger_rig(lambda m, _: heard.add(stamp_to_ns(m.header.stamp)), topics) as rig:
        fingers = Fingers(rig, topics, HEIGHT, WIDTH)
        for _ in range(RUNS):
            touched: list[list[int]] = [[] for _ in topics]
            begin, cpu = time.perf_counter(), rig.cpu_seconds()
            for number in range(frames):
                time.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
                for finger, publisher in enumerate(fingers.publishers):
                    frame = fingers.frames[finger][number % 2]
                    stamp = rig.stamp(frame)
                    if number % 2 == 0:
                        touched[finger].append(stamp)
                    publisher.publish(frame)
            used.append((rig.cpu_seconds() - cpu) / (time.perf_counter() - begin))
            until(lambda last=touched: all(heard & {one[-1]} for one in last), 1.0)
            per_sensor = [len(heard & set(stamps)) for stamps in touched]
            touches = (frames + 1) // 2 * count
            answered.append(sum(per_sensor) / touches)
            fair = sum(per_sensor) / count
            fairness.append(min(per_sensor) / fair if fair else 0.0)
    return used, answered, fairness
