# SPDX-License-Identifier: Apache-2.0
"""Run folders of the sketch recipe: fit a fold, or recall what a finished fit left."""

from __future__ import annotations

from pathlib import Path

from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.run_folders import fit_or_recall, fold_folder
from xsense_training.recipes.sketch.config import SketchConfig
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.recipe import NAME, Fitted, fit, recall, save

RECIPE_VERSION = 1  # raise it when a line changes what is fitted: all is refitted


def sketch_folder(options: RunOptions, config: SketchConfig, fold: int) -> Path:
    """Where a fold's run lies; towers that miss a style have folders of their own."""
    parts = (f'only-{"-".join(config.styles)}',) if config.styles else ()
    return fold_folder(NAME, options, fold, *parts)


def fit_fold(material: Material, fold: int, folder: Path, config: SketchConfig) -> Fitted:
    """Fit a fold of the production variant, or recall it where it was fitted with this config."""
    samples, extra, weights = material.samples, material.extra, material.weights
    split, level = material.split_of(fold), material.level
    return fit_or_recall(
        folder,
        config,
        RECIPE_VERSION,
        lambda: fit(samples, split, extra, config, weights, folder, level),
        lambda fitted: save(fitted, folder),
        lambda: recall(config, folder),
    )
