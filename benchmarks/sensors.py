# SPDX-License-Identifier: Apache-2.0
"""What each further sensor costs: one to six tactile sensors of 30 Hz on one node."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from xsense_ros.msg import MatchArray

from benchmarks.fingers import RATE, Fingers, finger_rig, serial
from benchmarks.statistics import median_row
from xsense_ros.bench.rows import HIGHER, Row

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
    heard: Counter[str] = Counter()
    topics = [f'touch{number}' for number in range(count)]
    used, answered, fairness = [], [], []
    with finger_rig(lambda message, _: _note(heard, message), topics) as rig:
        fingers = Fingers(rig, topics, HEIGHT, WIDTH)
        for _ in range(RUNS):
            heard.clear()
            begin, cpu = time.perf_counter(), rig.cpu_seconds()
            for number in range(frames):
                time.sleep(max(0.0, begin + number / RATE - time.perf_counter()))
                for publisher, pair in zip(fingers.publishers, fingers.frames, strict=True):
                    frame = pair[number % 2]
                    rig.stamp(frame)
                    publisher.publish(frame)
            used.append((rig.cpu_seconds() - cpu) / (time.perf_counter() - begin))
            time.sleep(0.4)
            per_sensor = [heard[serial(number)] for number in range(count)]
            touches = (frames + 1) // 2 * count
            answered.append(sum(per_sensor) / touches)
            fair = sum(per_sensor) / count
            fairness.append(min(per_sensor) / fair if fair else 0.0)
    return used, answered, fairness


def _note(heard: Counter[str], message: MatchArray) -> None:
    heard[message.header.frame_id] += 1
