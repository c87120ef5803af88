# SPDX-License-Identifier: Apache-2.0
"""One fold of See, Hear, and Read in its run folder: fitted once, recalled from then on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from xsense_training.evaluate.system import Features
from xsense_training.recipes.run_folders import fit_or_recall
from xsense_training.recipes.see_hear_read.data import Ingredients, word_numbers
from xsense_training.recipes.see_hear_read.fitted_files import load_fitted, save_fitted
from xsense_training.recipes.see_hear_read.published import (
    PublishedConfig,
    as_system,
    fit_published,
    published_features,
)
from xsense_training.recipes.see_hear_read.recipe import Fitted, fit, selection_tasks, split
from xsense_training.recipes.see_hear_read.training import Config

RECIPE_VERSION = 3  # raise it when a line changes what is fitted or selected: all is refitted


def seen_by(config: Config | PublishedConfig, ingredients: Ingredients) -> Features:
    """What the towers of a variant see of the corpus."""
    if isinstance(config, PublishedConfig):
        numbers = word_numbers(ingredients).numbers
        return published_features(ingredients.corpus, ingredients.features, numbers)
    return ingredients.features


def fit_fold(
    ingredients: Ingredients,
    features: Features,
    fold: int,
    folder: Path,
    config: Config | PublishedConfig,
) -> Fitted:
    """Fit a fold, or recall it where the run folder holds the finished result.

    Args:
        ingredients: corpus and teacher.
        features: what `seen_by` gives for the variant.
        fold: held-out fold.
        folder: its run folder; a killed run goes on where it stopped.
        config: what to train; the variant is that of its type.
    """
    if isinstance(config, PublishedConfig):
        fitting = partial(_fit_published, ingredients, features, fold, folder, config)
    else:
        corpus, classes = ingredients.corpus, ingredients.classes
        fitting = partial(fit, corpus, features, fold, folder, config, classes)
    return fit_or_recall(
        folder,
        config,
        RECIPE_VERSION,
        fitting,
        lambda fitted: save_fitted(fitted, folder),
        lambda: load_fitted(folder),
    )


def _fit_published(
    ingredients: Ingredients,
    features: Features,
    fold: int,
    folder: Path,
    config: PublishedConfig,
) -> Fitted:
    parts = split(ingredients.corpus, fold)
    net, result = fit_published(
        ingredients.corpus,
        features,
        word_numbers(ingredients).table,
        parts.train,
        selection_tasks(ingredients.corpus, parts),
        folder / 'published',
        config,
        ingredients.classes,
    )
    notes = {'published': {'step': result.best_step, 'validation': result.best['score']}}
    return Fitted({'published': as_system(net)}, notes, {'published': result})
