# SPDX-License-Identifier: Apache-2.0
"""Runs of the crossnet recipe: fit both protocols of a fold, judge folds, export what ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.bundle import Bundle
from xsense_training.data.image import load_image
from xsense_training.data.touch_set import SAME, UNSEEN
from xsense_training.evaluate.direction import Side
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.crossnet.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.crossnet.config import LiteConfig, ProductionConfig
from xsense_training.recipes.crossnet.data import Material, Parts, prepare, split
from xsense_training.recipes.crossnet.describe import RAW
from xsense_training.recipes.crossnet.inputs import Inputs
from xsense_training.recipes.crossnet.judging import (
    NAME,
    Method,
    baselines,
    controls,
    judge_run,
    judge_units,
    production_method,
    published_method,
    shipped_methods,
    without_background,
)
from xsense_training.recipes.crossnet.production import Towers, fit_production
from xsense_training.recipes.crossnet.production import recall as recall_towers
from xsense_training.recipes.crossnet.production import save as save_towers
from xsense_training.recipes.crossnet.protocol import directions
from xsense_training.recipes.crossnet.published import (
    PUBLISHED,
    PublishedConfig,
    fit_published,
    judge_pairs,
)
from xsense_training.recipes.crossnet.recipe import Fitted, fit_lite, recall, save
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.run_folders import fit_or_recall, fold_folder
from xsense_training.recipes.shipping import judged_for_export

FOLDS = 5
RECIPE_VERSION = 1  # raise it when a line changes what is fitted: all is refitted
PICTURE = 'retrieval.jpg'
PROTOCOLS: Mapping[str, str] = {UNSEEN: 'unseen', SAME: 'same'}  # name -> folder
Config = LiteConfig | ProductionConfig | PublishedConfig
VARIANTS: dict[str, Config] = {
    'lite': LiteConfig(),
    'production': ProductionConfig(),
    'published': PUBLISHED,
}


class CrossNet:
    """The recipe as the command line asks for it."""

    name = NAME
    folds = FOLDS
    variants = tuple(VARIANTS)

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold in both protocols; returns the run folder of the unseen objects."""
        config, material = configured(VARIANTS, options), prepare(options.root, options.dataset)
        for protocol in PROTOCOLS:
            if isinstance(config, PublishedConfig):
                parts = split(material, protocol, fold)
                fit_published(material, parts, _folder(options, protocol, fold), config)
            else:
                _methods(material, config, options, protocol, fold)
        return _folder(options, UNSEEN, fold)

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge folds in both protocols: lite beside every baseline, other variants alone."""
        config, material = configured(VARIANTS, options), prepare(options.root, options.dataset)
        outcomes: list[Outcome] = []
        for fold, protocol in product(folds, PROTOCOLS):
            parts = split(material, protocol, fold)
            if isinstance(config, PublishedConfig):
                folder = _folder(options, protocol, fold)
                asked = fit_published(material, parts, folder, config)
                outcomes += judge_pairs(asked, material, parts, protocol, fold)
                methods = published_method(asked)
            else:
                methods = _methods(material, config, options, protocol, fold)
            beside: dict[str, Method] = {}
            if isinstance(config, LiteConfig):
                beside = baselines(material, parts, config.judged)
                beside |= controls(material, parts, config.judged)
            outcomes += judge_run(material, parts, protocol, fold, methods | beside)
            if isinstance(config, LiteConfig) and protocol == UNSEEN:
                felt = methods | _without_background(material, config, options, fold)
                outcomes += judge_units(material, parts, protocol, fold, felt)
                _draw(material, parts, methods, _folder(options, protocol, fold))
        return outcomes

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """The lite towers of the shipped fold, with what was judged last and what they cost.

        Raises:
            InputError: another variant than what ships, or nothing was judged yet.
        """
        judged = judged_for_export(self, options, public_sets=True)
        config, material = configured(VARIANTS, options), prepare(options.root, options.dataset)
        assert isinstance(config, LiteConfig)
        fitted = _fit_lite(material, config, options, UNSEEN, SHIPPED_FOLD)
        picture = _folder(options, UNSEEN, SHIPPED_FOLD) / PICTURE
        parts = split(material, UNSEEN, SHIPPED_FOLD)
        return export(
            material, parts, fitted, models, judged, picture if picture.exists() else None
        )


RECIPE = CrossNet()


def _folder(options: RunOptions, protocol: str, fold: int) -> Path:
    return fold_folder(NAME, options, fold, PROTOCOLS[protocol])


def _methods(
    material: Material,
    config: LiteConfig | ProductionConfig,
    options: RunOptions,
    protocol: str,
    fold: int,
) -> dict[str, Method]:
    """What a variant answers with, fitted or recalled."""
    if isinstance(config, LiteConfig):
        fitted = _fit_lite(material, config, options, protocol, fold)
        return shipped_methods(fitted.heads, fitted.alone, material)
    folder, parts = _folder(options, protocol, fold), split(material, protocol, fold)
    inputs = Inputs(material.describer.gel, config.size)
    towers: Towers = fit_or_recall(
        folder,
        config,
        RECIPE_VERSION,
        lambda: fit_production(material, inputs, parts, folder, config),
        lambda found: save_towers(found, folder),
        lambda: recall_towers(folder, config),
    )
    return production_method(towers, inputs, material, parts)


def _fit_lite(
    material: Material, config: LiteConfig, options: RunOptions, protocol: str, fold: int
) -> Fitted:
    folder, parts = _folder(options, protocol, fold), split(material, protocol, fold)
    return fit_or_recall(
        folder,
        config,
        RECIPE_VERSION,
        lambda: fit_lite(material, parts, folder / 'heads', config),
        lambda fitted: save(fitted, folder),
        lambda: recall(folder),
    )


def _without_background(
    material: Material, config: LiteConfig, options: RunOptions, fold: int
) -> dict[str, Method]:
    """The same recipe on presses of which no background was taken off."""
    folder = fold_folder(NAME, options, fold, 'without-background')
    parts = split(material, UNSEEN, fold)
    fitted = fit_or_recall(
        folder,
        config,
        RECIPE_VERSION,
        lambda: fit_lite(material, parts, folder / 'heads', config, RAW),
        lambda found: save(found, folder),
        lambda: recall(folder),
    )
    return without_background(material, fitted.heads)


def _draw(material: Material, parts: Parts, methods: Mapping[str, Method], folder: Path) -> None:
    """The retrieval picture: touches, knocks and pictures of unseen objects, and the answers."""
    shipped = next(m for m in methods.values() if m.kind == 'production')

    def show(side: Side, number: int) -> NDArray[np.uint8] | str:
        file = material.files[side.modality][int(side.rows[number])]
        if side.modality == 'impact':
            about = material.found.objects.get(file.label, {})
            return f'knock on {about.get("material", "object " + file.label)}'
        return load_image(file.path)

    asked = ('touch->image', 'impact->image', 'image->touch', 'touch->touch')
    draw_retrieval(
        [task for task in directions(material, parts.test) if task.name in asked],
        lambda task: np.asarray(shipped.similarity(task)),
        show,
        folder / PICTURE,
        per_task=4,
    )
