# SPDX-License-Identifier: Apache-2.0
"""Runs of the sketch recipe: fit folds, judge them together, export the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.data.folds import FOLDS
from xsense_training.evaluate.direction import Side
from xsense_training.evaluate.document import add_costs
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.outcome_store import load_outcomes, outcomes_folder
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.summary import Summary
from xsense_training.recipes.registry import VARIANTS, RunOptions
from xsense_training.recipes.sketch.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.sketch.config import SketchConfig, configuration
from xsense_training.recipes.sketch.fitting import fit_fold, fold_folder
from xsense_training.recipes.sketch.frozen import frozen_features
from xsense_training.recipes.sketch.judging import (
    HOG,
    TOWERS,
    baseline_methods,
    head_method,
    judge_fold,
    judge_scenes,
    judge_styles,
    judge_with_seen,
    tower_method,
    validation_score,
)
from xsense_training.recipes.sketch.material import Material, prepare
from xsense_training.recipes.sketch.protocol import INSTANCE, directions
from xsense_training.recipes.sketch.published_fit import Published, fit_published
from xsense_training.recipes.sketch.recipe import NAME, similarity
from xsense_training.recipes.sketch.towers import Towers
from xsense_training.trainer import environment

PUBLISHED = 'ZSCMR as published, seen classes only'
PICTURE = 'retrieval.jpg'


class Sketch:
    """The recipe as the command line asks for it."""

    name = NAME
    folds = FOLDS

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold; returns its run folder."""
        config = configuration(options)
        material = prepare(options.root, options.dataset, config.size)
        folder = fold_folder(options.runs, options.dataset, config, fold)
        if config.variant == 'published':
            _published(material, fold, config, folder)
        else:
            fit_fold(material, fold, folder, config)
        return folder

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge folds: the published variant alone, or the towers beside every baseline."""
        config = configuration(options)
        material = prepare(options.root, options.dataset, config.size)
        dataset = material.samples.dataset
        outcomes: list[Outcome] = []
        for fold in folds:
            folder = fold_folder(options.runs, options.dataset, config, fold)
            if config.variant == 'published':
                published = _published(material, fold, config, folder)
                trunk = frozen_features(material)['trunk']
                methods = {PUBLISHED: head_method(trunk, published.heads, 'published')}
                outcomes += judge_fold(material, fold, methods, dataset)
                continue
            towers = fit_fold(material, fold, folder, config).towers
            methods = {TOWERS: tower_method(material, towers)}
            methods |= baseline_methods(material, frozen_features(material), fold, folder)
            outcomes += judge_fold(material, fold, methods, dataset)
            asked = {name: methods[name] for name in (TOWERS, HOG)}
            outcomes += judge_with_seen(material, fold, asked, dataset)
            if material.level == INSTANCE:
                outcomes += judge_scenes(material, fold, towers, dataset)
                missing = _without_a_style(material, options, fold, config)
                outcomes += judge_styles(material, fold, missing, dataset)
            _draw(material, fold, towers, folder)
        return outcomes

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """The towers of the shipped fold, with what was judged last and what they cost.

        Raises:
            InputError: the published variant, which is there to be compared with.
        """
        config = configuration(options)
        if config.variant != 'production':
            raise InputError('variant', config.variant, "'production'", 'export that one')
        material = prepare(options.root, options.dataset, config.size)
        folder = fold_folder(options.runs, options.dataset, config, SHIPPED_FOLD)
        fitted = fit_fold(material, SHIPPED_FOLD, folder, config)
        judged = _judged(options)
        about = {
            'recipe': NAME,
            'variant': options.variant,
            'folds': sorted({o.run for o in judged}),
            'environment': environment(),
        }
        summary = summarise(judged) if judged else Summary()
        picture = folder / PICTURE
        bundle = export(
            material, fitted, models, summary, about, picture if picture.exists() else None
        )
        if judged:
            add_costs(bundle)
        return bundle


RECIPE = Sketch()


def _judged(options: RunOptions) -> list[Outcome]:
    """What was judged of both variants."""
    found: list[Outcome] = []
    for variant in VARIANTS:
        folder = outcomes_folder(options.runs, NAME, variant)
        if folder.exists():
            found += load_outcomes(folder, (NAME,))
    return found


def _published(material: Material, fold: int, config: SketchConfig, folder: Path) -> Published:
    trunk = frozen_features(material)['trunk']
    score = validation_score(material, trunk, fold)
    return fit_published(material, trunk, fold, config, folder, score)


def _without_a_style(
    material: Material, options: RunOptions, fold: int, config: SketchConfig
) -> dict[str, Towers]:
    """Towers of the same recipe that never trained on a style, by that style.

    Folds take turns with the styles: every fold has one training run more, not one for each.
    """
    styles = material.samples.styles
    style = styles[fold % len(styles)]
    fewer = replace(config, styles=tuple(name for name in styles if name != style))
    folder = fold_folder(options.runs, options.dataset, fewer, fold)
    return {style: fit_fold(material, fold, folder, fewer).towers}


def _draw(material: Material, fold: int, towers: Towers, folder: Path) -> None:
    """The retrieval picture: drawings and pictures of unseen kinds, and what was found."""
    samples = material.samples

    def show(side: Side, number: int) -> NDArray[np.uint8] | str:
        row = int(side.rows[number])
        picture: NDArray[np.uint8] = (
            samples.drawing[row] if side.modality == 'sketch' else samples.picture[row, 0]
        )
        return picture

    draw_retrieval(
        directions(samples, material.split_of(fold).test, material.level),
        lambda task: similarity(towers, samples, task),
        show,
        folder / PICTURE,
        per_task=4,
    )
