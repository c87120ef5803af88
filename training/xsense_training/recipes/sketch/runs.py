# SPDX-License-Identifier: Apache-2.0
"""Runs of the sketch recipe: fit folds, judge them together, export the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.bundle import Bundle
from xsense_training.data.folds import FOLDS
from xsense_training.evaluate.direction import Side
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.shipping import judged_for_export
from xsense_training.recipes.sketch.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.sketch.config import VARIANTS, SketchConfig
from xsense_training.recipes.sketch.fitting import fit_fold, sketch_folder
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

PUBLISHED = 'ZSCMR as published, seen classes only'
PICTURE = 'retrieval.jpg'


class Sketch:
    """The recipe as the command line asks for it."""

    name = NAME
    folds = FOLDS
    variants = tuple(VARIANTS)

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold; returns its run folder."""
        config = configured(VARIANTS, options)
        material = prepare(options.root, options.dataset, config.size)
        folder = sketch_folder(options, config, fold)
        if config.variant == 'published':
            _published(material, fold, config, folder)
        else:
            fit_fold(material, fold, folder, config)
        return folder

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge folds: the published variant alone, or the towers beside every baseline."""
        config = configured(VARIANTS, options)
        material = prepare(options.root, options.dataset, config.size)
        dataset = material.samples.dataset
        outcomes: list[Outcome] = []
        for fold in folds:
            folder = sketch_folder(options, config, fold)
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
            InputError: another variant than what ships, or nothing was judged yet.
        """
        judged = judged_for_export(self, options, public_sets=True)
        config = configured(VARIANTS, options)
        material = prepare(options.root, options.dataset, config.size)
        folder = sketch_folder(options, config, SHIPPED_FOLD)
        fitted = fit_fold(material, SHIPPED_FOLD, folder, config)
        picture = folder / PICTURE
        return export(material, fitted, models, judged, picture if picture.exists() else None)


RECIPE = Sketch()


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
    folder = sketch_folder(options, fewer, fold)
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
