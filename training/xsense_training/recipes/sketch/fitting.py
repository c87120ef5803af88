# SPDX-License-Identifier: Apache-2.0
"""Run folders of the sketch recipe: fit a fold, or recall what a finished fit left."""

from __future__ import annotations

from pathlib import Path

from xsense_training.config import dump, load
from xsense_training.recipes.sketch.config import SketchConfig
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.recipe import NAME, Fitted, fit, recall, save
from xsense_training.trainer import once


def fold_folder(runs: Path, dataset: str, config: SketchConfig, fold: int) -> Path:
    """Where a fold's run lies; towers that miss a style have folders of their own."""
    place = runs / f'{NAME}-{config.variant}'
    if dataset != 'embedded':
        place = place / dataset.partition(':')[0]
    if config.styles:
        place = place / f'only-{"-".join(config.styles)}'
    return place / f'fold-{fold}'


def fit_fold(material: Material, fold: int, folder: Path, config: SketchConfig) -> Fitted:
    """Fit a fold of the production variant, or recall it where it was fitted with this config."""
    described = folder / 'config.json'
    done = (folder / 'fitted.pt').exists() and described.exists()
    if done and load(SketchConfig, described) == config:
        return recall(config, folder)
    folder.mkdir(parents=True, exist_ok=True)
    split = material.split_of(fold)
    fitted = fit(
        material.samples, split, material.extra, config, material.weights, folder, material.level
    )
    once(lambda: save(fitted, folder))
    once(lambda: dump(config, described))
    return fitted
