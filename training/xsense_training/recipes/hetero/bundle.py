# SPDX-License-Identifier: Apache-2.0
"""The matcher as a bundle: a template encoder and a search, calibrated presence, model card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import nn

from xsense_ros.engines.bundle import Bundle, describe_model
from xsense_ros.engines.manifest import Manifest, MatcherSpec, PreprocessSpec, TowerSpec
from xsense_ros.names import MATCHER_BUNDLE
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput
from xsense_training.evaluate.cells import MATCHED
from xsense_training.evaluate.document import METRICS_FILE, add_costs, write_metrics
from xsense_training.evaluate.match_results import MatchResults
from xsense_training.evaluate.outcome_store import load_outcomes
from xsense_training.export.bundle_export import install_bundle
from xsense_training.export.matcher_export import (
    SEARCH_FILE,
    TEMPLATE_FILE,
    MatcherReport,
    export_matcher,
)
from xsense_training.export.model_card import card_page, verdicts
from xsense_training.recipes.hetero.calibration import Presence, achieved, calibrate, joined
from xsense_training.recipes.hetero.card import DESCRIPTION, card_sections
from xsense_training.recipes.hetero.config import FullVariant, LiteVariant
from xsense_training.recipes.hetero.evaluating import Method, learned
from xsense_training.recipes.hetero.fitting import hetero_folder
from xsense_training.recipes.hetero.judging import judge_matchers
from xsense_training.recipes.hetero.pictures import draw_matching
from xsense_training.recipes.hetero.protocol import WINDOW
from xsense_training.recipes.hetero.questions import NAME, ask, for_calibration, questions
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.shipping import CARD_FILE, Judged

VERSION = '1.0.0'
PICTURE = 'matching.jpg'
NOTES = 'notes.txt'  # in a run folder: what a person has to say of that run, for the card
SHIPPED_FOLD = 0
DIRECTION = 'visible->infrared'
LICENCE = (
    'Apache-2.0 (code, weights); trained on Landsat 7 (public domain), pictures of Tux Paint '
    '(GPL-2.0), OpenMoji (CC-BY-SA-4.0), Twemoji (CC-BY-4.0) and GCompris (licence per file), see '
    'MODEL_CARD.md'
)


def export(
    config: LiteVariant | FullVariant,
    matcher: nn.Module,
    options: RunOptions,
    models: Path,
    judged: Judged,
) -> Bundle:
    """Write models/visible-infrared.

    Args:
        config: of the matcher.
        matcher: fitted.
        options: whose data set calibrates presence, and whose runs were judged.
        models: folder of the bundles.
        judged: for the card and metrics.json; may be empty.

    Raises:
        NumericGateError: an engine does not compute what the matcher does.
    """
    look = config.draws.look
    method = learned(config, matcher)
    presence = calibrated(method, options)
    held_out = on_held_out(presence, method.name, options) if judged.summary.rows else {}
    run = hetero_folder(options, SHIPPED_FOLD)
    chosen = selection(run)
    notes = (run / NOTES).read_text('utf-8').splitlines() if (run / NOTES).exists() else []
    inputs = (TemplateInput(look.template), SearchInput(look.search))
    files = {'template': TEMPLATE_FILE, 'search': SEARCH_FILE}

    def fill(folder: Path) -> Manifest:
        report = export_matcher(matcher, look.template, look.search, folder)
        sections = card_sections(
            report, presence, held_out, chosen, notes, judged.summary, PICTURE
        )
        page = card_page(f'{MATCHER_BUNDLE} {VERSION}', DESCRIPTION, sections)
        (folder / CARD_FILE).write_text(page, encoding='utf-8')
        asked = questions(options.dataset)
        draw_matching(asked, options.root, method, presence.spec, folder / PICTURE)
        about = {
            **judged.about,
            'selection': chosen,
            'presence': _about(presence, held_out),
        }
        (folder / METRICS_FILE).write_text(write_metrics(judged.summary, about))
        return Manifest(
            name=MATCHER_BUNDLE,
            version=VERSION,
            licence=LICENCE,
            description=DESCRIPTION,
            models={side: describe_model(folder, file) for side, file in files.items()},
            preprocess={one.name: PreprocessSpec(one.name, one.parameters()) for one in inputs},
            spaces={},
            assets={PICTURE: ''},
            evaluation={
                'protocol': 'fixed lists of searches; metrics.json holds the full report',
                'selection': chosen,
                'presence': _about(presence, held_out),
                MATCHED: verdicts(judged.summary),
                'export': engine_figures(report),
            },
            matchers={
                DIRECTION: MatcherSpec(
                    TowerSpec('template', ('template',)),
                    TowerSpec('search', ('search',)),
                    WINDOW,
                    presence.spec,
                )
            },
        )

    bundle = install_bundle(MATCHER_BUNDLE, models, fill)
    if judged.summary.rows:
        add_costs(bundle)
    return bundle


def calibrated(method: Method, options: RunOptions) -> Presence:
    """Presence fitted on the validation parts."""
    scores = []
    for question in for_calibration(options.dataset):
        asked = ask(question, options.root, 'val', seed=1)
        (found,) = judge_matchers(
            asked.pairs, asked.searches, {method.name: method.locate}, method.look
        ).values()
        scores.append((found.score, found.false_score))
    return calibrate(*joined(scores))


def on_held_out(
    presence: Presence, method: str, options: RunOptions
) -> dict[str, dict[str, float]]:
    """What the calibration does on the lists that were judged, by question."""
    found = {}
    for outcome in load_outcomes(options.runs, (NAME,)):
        results = outcome.results
        if outcome.method == method and isinstance(results, MatchResults):
            found[f'{outcome.dataset}, {outcome.split}'] = achieved(
                presence.spec, results.score, results.false_score
            )
    return found


def selection(run: Path) -> dict[str, object]:
    """Step of the weights that are kept, and their scores on validation searches."""
    history: list[dict[str, float]] = json.loads((run / 'history.json').read_text())
    best = max(history, key=lambda row: row['val_score'])
    scores = {
        name.removeprefix('val_'): round(value, 4)
        for name, value in best.items()
        if name.startswith('val_')
    }
    return {'step': int(best['step']), 'of_steps': int(history[-1]['step']), 'validation': scores}


def engine_figures(report: MatcherReport) -> dict[str, object]:
    """Error to torch, parameters, MACs and bytes of both engines, and the share of a frame."""
    return asdict(report) | {'share_of_search': round(report.share, 4)}


def _about(presence: Presence, held_out: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    told: dict[str, object] = {'threshold': presence.rule, 'on_validation': presence.achieved}
    return told | ({'on_held_out': held_out} if held_out else {})
