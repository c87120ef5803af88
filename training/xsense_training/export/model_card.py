# SPDX-License-Identifier: Apache-2.0
"""What the model cards of several bundles say alike; a recipe brings its own sections."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xsense_training.evaluate.cells import MATCHED, headline, verdict, verdict_of_queries
from xsense_training.evaluate.summary import Summary
from xsense_training.export.calibration import Calibrated

FROZEN_TRUNK = (
    '- Image: frozen EfficientNet-Lite0 (ImageNet) at 224 px, then a head. The trunk is shared '
    'with other bundles (`models/trunks/efficientnet-lite0.onnx`).'
)
BELOW_THRESHOLDS = (
    '- What is below the thresholds is ranked, but answered "unknown"; that is intended.'
)


def card_page(title: str, description: str, sections: Mapping[str, Sequence[str]]) -> str:
    """MODEL_CARD.md: sections by heading, each the lines of its Markdown."""
    lines = [f'# {title}', '', description, '']
    for heading, body in sections.items():
        lines += [f'## {heading}', '', *body, '']
    return '\n'.join(lines)


def selection_block(selection: Mapping[str, Any]) -> list[str]:
    """How what ships was chosen, as a block of JSON."""
    return ['```json', json.dumps(selection, indent=1), '```']


def regenerate(recipe: str) -> str:
    """The commands that make the bundle again."""
    return (
        f'Regenerate: `make reproduce-{recipe}` (`xsense-train evaluate {recipe} --all-folds`, '
        f'`xsense-train export {recipe} --models models`).'
    )


def accepted_table(calibrated: Calibrated) -> list[str]:
    """Markdown rows of what each pair's thresholds let through: validation (held out)."""
    held_out = calibrated.on_held_out
    also = ' (held out)' if held_out else ''
    asked = [f'{asked}{also}' for asked in ('right of accepted', 'accepted of right')]
    lines = [
        f'| pair | min probability | min margin | {asked[0]} | {asked[1]} '
        f'| accepted of wrong{also} |',
        '| --- | --- | --- | --- | --- | --- |',
    ]
    for pair, c in calibrated.pairs.items():
        if c.min_probability >= 1:
            lines.append(f'| {pair} | never accepted | - | - | - | - |')
            continue
        own = calibrated.on_validation[pair]
        shown = [f'{own[name]:.2f}' for name in ('precision', 'recall', 'accepted_of_wrong')]
        if pair in held_out:
            names = ('precision', 'accepted_of_right', 'accepted_of_wrong')
            others = (held_out[pair][name] for name in names)
            shown = [f'{a} ({b:.2f})' for a, b in zip(shown, others, strict=True)]
        lines.append(
            f'| {pair} | {c.min_probability:.3f} | {c.min_margin:.3f} | {" | ".join(shown)} |'
        )
    return lines


def verdicts(judged: Summary) -> dict[str, dict[str, object]]:
    """Question -> what ships against the best baseline, for the manifest of a bundle."""
    metric = headline(judged)
    said = verdict_of_queries if metric == MATCHED else verdict
    production = {r.method for r in judged.rows if r.kind == 'production'}
    return {
        f'{c.dataset}, {c.split}: {c.direction}': {
            'best_baseline': c.other,
            'over_best_baseline': c.difference,
            'smallest_detectable': c.smallest_detectable,
            'verdict': said(c),
        }
        for c in judged.comparisons
        if c.metric == metric and c.other_kind == 'baseline' and c.method in production
    }
