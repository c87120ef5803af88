# SPDX-License-Identifier: Apache-2.0
"""From a fitted recipe to the bundle that ships: what every recipe's bundle says alike.

A recipe brings a `Shipment`: its towers, what their scores mean, the sections of its card. The
rest is the same for all: manifest, metrics.json, the verdicts of the evaluation, measured costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.evaluate.cells import headline
from xsense_training.evaluate.document import METRICS_FILE, add_costs, write_metrics
from xsense_training.evaluate.outcome_store import load_outcomes
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.summary import Summary
from xsense_training.export.bundle_export import BundlePlan, Stage, export_bundle, width_of
from xsense_training.export.calibration import Calibrated
from xsense_training.export.model_card import card_page, verdicts
from xsense_training.recipes.registry import EMBEDDED, Recipe, RunOptions
from xsense_training.trainer import environment

CARD_FILE = 'MODEL_CARD.md'


@dataclass(frozen=True)
class Judged:
    """summary: of everything that was judged; about: recipe, variant, folds and environment."""

    summary: Summary = field(default_factory=Summary)
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shipment:
    """A bundle with one space of the same name.

    protocol: how it was evaluated, in one line; stages: ONNX models, the last stage of the first
    tower has its own row of vectors; towers: modality -> (preprocessor, its parameters, stage
    names in order); selection: held-out fold and how what ships was chosen; sections: of the
    model card, heading -> lines; facts: more for the manifest's evaluation; assets: file name ->
    source.
    """

    space: str
    version: str
    licence: str
    description: str
    protocol: str
    stages: Sequence[Stage]
    towers: Mapping[str, tuple[str, Mapping[str, Any], tuple[str, ...]]]
    calibrated: Calibrated
    selection: Mapping[str, Any]
    sections: Mapping[str, Sequence[str]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    assets: Mapping[str, Path] = field(default_factory=dict)


def judged_for_export(recipe: Recipe, options: RunOptions, public_sets: bool = False) -> Judged:
    """What was judged of a recipe, all variants and data sets, for the bundle that is exported.

    Args:
        recipe: whose first variant ships.
        options: of the command line.
        public_sets: whether towers of a public data set can be exported, too.

    Raises:
        InputError: a variant or data set that does not ship, or nothing was judged yet.
    """
    ships = recipe.variants[0]
    if options.variant != ships or not (public_sets or options.dataset == EMBEDDED):
        raise InputError(
            f'export of {recipe.name}',
            f'{options.variant}, {options.dataset}',
            ships if public_sets else f'{ships}, {EMBEDDED}',
            'leave out --variant' + ('' if public_sets else ' and --data'),
        )
    outcomes = load_outcomes(options.runs, (recipe.name,))
    about = {
        'recipe': recipe.name,
        'variant': options.variant,
        'folds': sorted({o.run for o in outcomes}),
        'environment': environment(),
    }
    return Judged(summarise(outcomes), about)


def ship(shipment: Shipment, judged: Judged, models: Path) -> Bundle:
    """Write models/<space>/, and shared trunks under models/trunks/; measure what it costs.

    Raises:
        NumericGateError: an exported model does not compute what its module does.
        BundleError: the result does not open.
    """
    s = shipment
    last = next(iter(s.towers.values()))[2][-1]
    evaluation = {
        'protocol': f'{s.protocol}; metrics.json holds the full report',
        **s.facts,
        'selection': s.selection,
        'calibration_on_validation': s.calibrated.on_validation,
    }
    if s.calibrated.on_held_out:
        evaluation['calibration_on_held_out'] = s.calibrated.on_held_out
    plan = BundlePlan(
        s.space,
        s.version,
        s.licence,
        s.description,
        s.space,
        width_of(next(stage for stage in s.stages if stage.name == last)),
        s.stages,
        s.towers,
        s.calibrated.pairs,
        s.assets,
        {
            CARD_FILE: card_page(f'{s.space} {s.version}', s.description, s.sections),
            METRICS_FILE: write_metrics(
                judged.summary, {**judged.about, 'selection': s.selection}
            ),
        },
        {**evaluation, headline(judged.summary): verdicts(judged.summary)},
    )
    bundle, _ = export_bundle(plan, models)
    if judged.summary.rows:
        add_costs(bundle)
    return bundle
