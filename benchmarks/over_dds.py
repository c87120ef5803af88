# SPDX-License-Identifier: Apache-2.0
"""What every node is asked for: latency over its engine, missed frames, jitter, processor time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.floor import FLOOR
from benchmarks.statistics import median_row, percentile, percentile_rows
from benchmarks.stream import Block, Stream
from xsense_ros.bench.rows import HIGHER, Row

RUNS, PEAK_RUNS = 4, 2
MOST_RUNS = 20
ENGINE = 'the engine within it'
RAW = 'the raw engine in a loop'
# Of the raw engine's rate: from what is easy to more than it can take.
RATES = (0.7, 0.9, 1.05, 1.3)
ADDED_GOAL = 'value <= 5'
MISSED_GOAL = 'value <= 0.01'


def steady_rows(
    ours: Callable[[], Block],
    bare: Callable[[], Block],
    *,
    runs: int = RUNS,
    aimed: bool = True,
    **row: Any,
) -> list[Row]:
    """Alternate both, each at the same steady rate; runs without any answer only count as missed.

    Args:
        ours: frames through the node.
        bare: the same frames through the floor.
        runs: how often.
        aimed: whether the house's goals are for this one.
        row: what else the rows say: group, name, variant.
    """
    every: list[tuple[Block, Block]] = []
    pairs: list[tuple[Block, Block]] = []
    # All frames of a run of a few may be lost: then there are more runs.
    while len(every) < runs or (not pairs and len(every) < MOST_RUNS):
        every.append((ours(), bare()))
        pairs = [(a, b) for a, b in every if a.latency and b.latency]
    if not pairs:
        raise RuntimeError(f'{row["name"]}: no answers')
    latency, engine = [a.latency for a, _ in pairs], [a.engine for a, _ in pairs]
    added = [a.added for a, _ in pairs]
    floor = [b.latency for _, b in pairs]
    goals = {'p99': ADDED_GOAL} if aimed else {}
    rows = percentile_rows(latency, engine, unit='ms', reference=ENGINE, **row)
    for one in percentile_rows(added, floor, goals, unit='ms', reference=FLOOR, **row):
        rows.append(replace(one, figure=f'added {one.figure}'))
    jitter = [(_jitter(a), _jitter(b)) for a, b in pairs]
    cpu = [(a.cpu / a.seconds, sum(a.engine) / 1e3 / a.seconds) for a, _ in pairs]
    return [
        *rows,
        median_row(
            [a.missed for a, _ in every],
            figure='missed',
            unit='share of the frames',
            goal=MISSED_GOAL if aimed else '',
            **row,
        ),
        median_row(*_columns(jitter), figure='jitter', unit='ms', reference=FLOOR, **row),
        median_row(*_columns(cpu), figure='processor', unit='cores', reference=ENGINE, **row),
        median_row([a.memory_mb for a, _ in pairs], figure='memory', unit='MB', **row),
    ]


def peak_rows(
    stream: Stream,
    frames: Sequence[Any],
    raw_ms: Callable[[], float],
    *,
    most: float = 120.0,
    seconds: float = 2.0,
    runs: int = PEAK_RUNS,
    goal: str = '',
    **row: Any,
) -> list[Row]:
    """Answers a second at rising rates; the best of them beside the raw engine in a loop.

    Args:
        stream: to the node.
        frames: messages, in turns.
        raw_ms: milliseconds of the bare engine for one frame, measured when called.
        most: frames a second that no camera exceeds; a faster engine counts as so fast.
        seconds: at each rate.
        runs: how often all rates are gone through.
        goal: of the peak.
        row: what else the rows say: group, name.
    """
    peaks: list[float] = []
    bounds: list[float] = []
    by_share: dict[float, list[float]] = {share: [] for share in RATES}
    for _ in range(runs):
        before = raw_ms()
        for share in RATES:
            rate = share * min(1e3 / before, most)
            count = max(2, round(rate * seconds))
            by_share[share].append(stream.steady(frames, rate, count).rate)
        # Before and after, since the machine's speed drifts.
        bounds.append(min(2e3 / (before + raw_ms()), most))
        peaks.append(max(rates[-1] for rates in by_share.values()))
    what = {'unit': '/s', 'reference': RAW, 'better': HIGHER, **row}
    return [
        median_row(peaks, bounds, variant='rising rates', figure='peak', goal=goal, **what),
        *(
            median_row(
                rates, bounds, variant=f'{share:.0%} of the raw rate', figure='answers', **what
            )
            for share, rates in by_share.items()
        ),
    ]


def _jitter(block: Block) -> float:
    """How far the intervals between answers are from their median: the 95th percentile [ms].

    0 for less than two answers, between which there are none.
    """
    if not block.intervals:
        return 0.0
    middle = percentile(block.intervals, 50)
    return percentile([abs(interval - middle) for interval in block.intervals], 95)


def _columns(pairs: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    ours, bare = zip(*pairs, strict=True)
    return list(ours), list(bare)
