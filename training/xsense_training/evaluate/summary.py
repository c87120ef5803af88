# SPDX-License-Identifier: Apache-2.0
"""What a report says, as plain data: rows, comparisons, sizes and costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One metric of one method on one direction: what `xsense-train report --json` prints.

    metric: a name of metrics.METRICS, with ' (inverted softmax)' or so where hubs were corrected;
    mean over `runs` folds or seeds with its 95 % interval (null where there is none);
    p_value_vs_best_baseline: of the difference to the best baseline of the same metric (null for
    chance, for that baseline itself, and where no baseline or no second run is there).
    """

    system: str
    dataset: str
    split: str
    direction: str
    metric: str
    method: str
    kind: str
    mean: float
    ci_low: float | None
    ci_high: float | None
    runs: int
    p_value_vs_best_baseline: float | None


@dataclass(frozen=True)
class Comparison:
    """A production or published method minus another, over the runs of both.

    other_kind: 'baseline', the best one, chosen by its own test result, which favours it; the best
    'control', which production must be above or else has learned no more than a shortcut; or
    'published', the original that production replaces. p_runs: paired t test; p_queries: sign
    flips over the queries of all runs (does not see training variance); smallest_detectable: the
    true difference that the test over runs would find with 80 % power.
    """

    system: str
    dataset: str
    split: str
    direction: str
    metric: str
    method: str
    other: str
    other_kind: str
    difference: float
    ci_low: float | None
    ci_high: float | None
    runs: int
    p_runs: float | None
    p_queries: float | None
    smallest_detectable: float | None


@dataclass(frozen=True)
class Size:
    """How much was asked: mean queries of a run, mean gallery."""

    system: str
    dataset: str
    split: str
    direction: str
    queries: int
    gallery: int


@dataclass(frozen=True)
class Cost:
    """What a tower costs the robot for one sample; `system` is the recipe that made it.

    macs: multiply-accumulates of convolutions and matrix products; bytes: its files, a shared
    trunk among them; latency_ratio: CPU time of the tower over that of the trunk alone, medians
    of calls in turn (null without a trunk).
    """

    system: str
    modality: str
    models: tuple[str, ...]
    parameters: int
    macs: int
    bytes: int
    latency_ratio: float | None


@dataclass(frozen=True)
class Summary:
    """All that tables and `--json` show."""

    rows: list[Row] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)

    def of(self, system: str) -> Summary:
        """What belongs to one system."""
        return Summary(
            [r for r in self.rows if r.system == system],
            [c for c in self.comparisons if c.system == system],
            [s for s in self.sizes if s.system == system],
            [c for c in self.costs if c.system == system],
        )

    @classmethod
    def together(cls, parts: Iterable[Summary]) -> Summary:
        """Everything of several summaries, in order."""
        whole = cls()
        for part in parts:
            for own, added in zip(vars(whole).values(), vars(part).values(), strict=True):
                own.extend(added)
        return whole

    @property
    def systems(self) -> list[str]:
        """Names, in order of appearance."""
        return list(dict.fromkeys(r.system for r in self.rows))
