# SPDX-License-Identifier: Apache-2.0
"""Runs of See, Hear, and Read: fit folds, evaluate them together, export the shipped one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.report import (
    build_report,
    comparison_table,
    evaluate_fold,
    plot_report,
    table,
)
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.evaluate.system import Features, Floats, System
from xsense_training.recipes.see_hear_read.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.see_hear_read.card import UNNAMED
from xsense_training.recipes.see_hear_read.data import Ingredients
from xsense_training.recipes.see_hear_read.protocol import (
    directions,
    image_text_directions,
    known_thing_directions,
    named_in,
)
from xsense_training.recipes.see_hear_read.recipe import FOLDS, NAME, Fitted, fit, split
from xsense_training.recipes.see_hear_read.training import Config
from xsense_training.trainer import environment

RECIPE = 2  # raise it when a line changes what is fitted or selected: old results are refitted
ALL_FOLDS = tuple(range(FOLDS))
SHOWN = (
    'tuxpaint image->text',
    'tuxpaint text->image',
    'emoji text->image',
    'items sound->image',
    'items (emergent) text->sound',
)


def fold_folder(runs: Path, variant: str, fold: int) -> Path:
    """Where a fold's run lies."""
    return runs / f'{NAME}-{variant}' / f'fold-{fold}'


def fit_fold(ingredients: Ingredients, fold: int, runs: Path, config: Config) -> Fitted:
    """Fit a fold, or recall it where the run folder holds the finished result."""
    folder = fold_folder(runs, config.variant, fold)
    done = folder / 'fitted.pt'
    described = json.dumps({'recipe': RECIPE} | asdict(config), indent=1) + '\n'
    recipe = folder / 'recipe.json'
    if done.exists() and recipe.exists() and recipe.read_text() == described:
        fitted: Fitted = torch.load(done, weights_only=False)
        return fitted
    folder.mkdir(parents=True, exist_ok=True)
    recipe.write_text(described)
    fitted = fit(
        ingredients.corpus, ingredients.features, fold, folder, config, ingredients.classes
    )
    torch.save(fitted, folder / 'fitted.partial')
    (folder / 'fitted.partial').replace(done)
    (folder / 'selection.json').write_text(json.dumps(fitted.notes, indent=1) + '\n')
    return fitted


def evaluate(
    ingredients: Ingredients, folds: Sequence[int], runs: Path, config: Config
) -> dict[str, Any]:
    """Fit (or recall) the folds and write metrics.json, metrics.md and charts beside them."""
    corpus, features = ingredients.corpus, ingredients.features
    results, tasks, notes = [], [], {}
    for fold in folds:
        fitted = fit_fold(ingredients, fold, runs, config)
        parts = split(corpus, fold)
        found = directions(corpus, parts.test) + known_thing_directions(corpus, parts.train)
        # A control: things whose names the image network's classifier has never met.
        named = named_in(corpus, ingredients.classes.names)
        found += image_text_directions(corpus, parts.test & ~named, UNNAMED)
        results.append(evaluate_fold(fitted.systems, features, found))
        tasks.append(found)
        notes[str(fold)] = fitted.notes
        shipped = fitted.systems['shipped']
        shown = [t for t in found if t.name in SHOWN]
        draw_retrieval(
            corpus,
            shown,
            partial(_similarity, shipped, features),
            fold_folder(runs, config.variant, fold) / 'retrieval.png',
        )
    report = build_report(results, tasks)
    metrics = {
        'recipe': NAME,
        'variant': config.variant,
        'folds': list(folds),
        'environment': environment(),
        'directions': report,
        'selection': notes,
    }
    folder = fold_folder(runs, config.variant, 0).parent
    (folder / 'metrics.json').write_text(json.dumps(metrics, indent=1) + '\n')
    (folder / 'metrics.md').write_text(table(report) + '\n' + comparison_table(report))
    plot_report(report, folder / 'metrics.png')
    return metrics


def _similarity(system: System, features: Features, task: Direction) -> Floats:
    return system.similarity(features, task)


def export_shipped(
    ingredients: Ingredients, runs: Path, models: Path, config: Config, fold: int = SHIPPED_FOLD
) -> Bundle:
    """Export a fold's towers with the metrics of the last evaluation, where there is one."""
    fitted = fit_fold(ingredients, fold, runs, config)
    report = fold_folder(runs, config.variant, fold).parent / 'metrics.json'
    metrics = json.loads(report.read_text()) if report.exists() else {}
    return export(ingredients, fitted, fold, models, metrics)
