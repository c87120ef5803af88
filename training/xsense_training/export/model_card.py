# SPDX-License-Identifier: Apache-2.0
"""What the model cards of several bundles say alike."""

from __future__ import annotations

from collections.abc import Mapping

from xsense_ros.engines.manifest import Calibration
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import HEADLINE, verdict


def accepted_table(
    calibration: Mapping[str, Calibration], summaries: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Markdown rows of what each pair's thresholds let through on validation."""
    lines = [
        '| pair | min probability | min margin | right of accepted | accepted of right '
        '| accepted of wrong |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for pair, c in calibration.items():
        s = summaries[pair]
        if c.min_probability >= 1:
            lines.append(f'| {pair} | never accepted | - | - | - | - |')
            continue
        lines.append(
            f'| {pair} | {c.min_probability:.3f} | {c.min_margin:.3f} | {s["precision"]:.2f} '
            f'| {s["recall"]:.2f} | {s["accepted_of_wrong"]:.2f} |'
        )
    return lines


def verdicts(judged: Summary) -> dict[str, dict[str, object]]:
    """Question -> what ships against the best baseline, for the manifest of a bundle."""
    production = {r.method for r in judged.rows if r.kind == 'production'}
    return {
        f'{c.dataset}, {c.split}: {c.direction}': {
            'best_baseline': c.other,
            'over_best_baseline': c.difference,
            'smallest_detectable': c.smallest_detectable,
            'verdict': verdict(c),
        }
        for c in judged.comparisons
        if c.metric == HEADLINE and c.other_kind == 'baseline' and c.method in production
    }
