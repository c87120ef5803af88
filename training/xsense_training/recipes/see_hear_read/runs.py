# SPDX-License-Identifier: Apache-2.0
"""Runs of See, Hear, and Read: fit folds, evaluate them together, export the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.evaluate.system import Features, Floats, System
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.run_folders import fold_folder
from xsense_training.recipes.see_hear_read.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.see_hear_read.data import prepare
from xsense_training.recipes.see_hear_read.folds import fit_fold, seen_by
from xsense_training.recipes.see_hear_read.judging import fold_directions, judge_fold, show
from xsense_training.recipes.see_hear_read.published import PublishedConfig
from xsense_training.recipes.see_hear_read.recipe import FOLDS, NAME
from xsense_training.recipes.see_hear_read.training import Config
from xsense_training.recipes.shipping import judged_for_export

VARIANTS: dict[str, Config | PublishedConfig] = {
    'production': Config(),
    'published': PublishedConfig(),
}
SHOWN = (
    'tuxpaint image->text',
    'tuxpaint text->image',
    'emoji text->image',
    'items sound->image',
    'items (emergent) text->sound',
    'cub image->text',
    'cub text->image',
)


class SeeHearRead:
    """The recipe as the command line asks for it."""

    name = NAME
    folds = FOLDS
    variants = tuple(VARIANTS)

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold; returns its run folder. Of CUB, fold 0 is its class-disjoint split."""
        folder, config = fold_folder(NAME, options, fold), configured(VARIANTS, options)
        ingredients = prepare(options.root, options.dataset)
        fit_fold(ingredients, seen_by(config, ingredients), fold, folder, config)
        return folder

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge folds, production beside CCA, linear regression and ConSE.

        Draws retrieval.png of each fold. The published variant is judged alone, on the same
        queries: a report takes both together.
        """
        config, ingredients = configured(VARIANTS, options), prepare(options.root, options.dataset)
        corpus, features = ingredients.corpus, seen_by(config, ingredients)
        main = 'published' if isinstance(config, PublishedConfig) else 'shipped'
        outcomes: list[Outcome] = []
        for fold in folds:
            folder = fold_folder(NAME, options, fold)
            fitted = fit_fold(ingredients, features, fold, folder, config)
            outcomes += judge_fold(corpus, features, fitted, fold, ingredients.classes)
            asked = fold_directions(corpus, fold, ingredients.classes)
            draw_retrieval(
                [task for task in asked if task.name in SHOWN],
                partial(_similarity, fitted.systems[main], features),
                show(corpus),
                folder / 'retrieval.png',
            )
        return outcomes

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """The towers of the shipped fold, with what was judged last and what they cost.

        Raises:
            InputError: another variant or data set than what ships, or nothing was judged yet.
        """
        judged = judged_for_export(self, options)
        config, ingredients = configured(VARIANTS, options), prepare(options.root)
        folder = fold_folder(NAME, options, SHIPPED_FOLD)
        fitted = fit_fold(ingredients, ingredients.features, SHIPPED_FOLD, folder, config)
        return export(ingredients, fitted, SHIPPED_FOLD, models, judged)


RECIPE = SeeHearRead()


def _similarity(system: System, features: Features, task: Direction) -> Floats:
    return system.similarity(features, task)
