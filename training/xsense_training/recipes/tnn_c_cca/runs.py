# SPDX-License-Identifier: Apache-2.0
"""Runs of TNN-C-CCA: fit folds, judge them together, export the shipped one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.data.folds import FOLDS
from xsense_training.data.image import load_image
from xsense_training.data.root import data_root
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.document import add_costs
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.outcome_store import load_outcomes, outcomes_folder
from xsense_training.evaluate.plots import plot_precision_recall
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.evaluate.rows import summarise
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import VARIANTS, RunOptions
from xsense_training.recipes.tnn_c_cca.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData, load_data
from xsense_training.recipes.tnn_c_cca.judging import fit_baselines, judge_fold
from xsense_training.recipes.tnn_c_cca.published import PUBLISHED_TRAIN, fit_published
from xsense_training.recipes.tnn_c_cca.recipe import SHIPPED, Fitted, fit
from xsense_training.recipes.tnn_c_cca.scoring import Embedded, Heads
from xsense_training.recipes.tnn_c_cca.settings import NAME, Config
from xsense_training.recipes.tnn_c_cca.split import directions, split
from xsense_training.trainer import environment, once


class TnnCCca:
    """The recipe as the command line asks for it."""

    name = NAME
    folds = FOLDS

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold, resuming what a kill left; returns its run folder."""
        data = _data(options.dataset, options.root)
        fit_fold(data, fold, options)
        return fold_folder(options, fold)

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge folds: published rows, and for production also its own, baselines and controls."""
        data, config = _data(options.dataset, options.root), configuration(options)
        outcomes: list[Outcome] = []
        # What the options change is meant for the variant they name, not for the other.
        original = options
        if options.variant == 'production':
            original = replace(options, variant='published', config=None, overrides=())
        for fold in folds:
            methods = dict(fit_fold(data, fold, original).methods)
            if options.variant == 'production':
                fitted = fit_fold(data, fold, options)
                methods = {**fitted.methods, **methods}
                for name, found in fit_baselines(data, fold, config).items():
                    methods[name] = ('baseline', found.heads)
            judged = judge_fold(
                data, fold, methods, config, with_controls=options.variant == 'production'
            )
            outcomes += judged
            folder = fold_folder(options, fold)
            shown = SHIPPED if options.variant == 'production' else 'TNN-C-CCA (published)'
            _draw(data, fold, methods[shown][1], folder / 'retrieval.png')
            plot_precision_recall(judged, folder / 'precision-recall.png')
        return outcomes

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """The towers of the shipped fold, with what was judged last and what they cost.

        Raises:
            InputError: another data set than the embedded one, whose trunks nobody ships.
        """
        if options.dataset != 'embedded' or options.variant != 'production':
            raise InputError(
                'export of tnn-c-cca', f'{options.dataset}, {options.variant}',
                'the production variant of the embedded set', 'leave --data and --variant out',
            )  # fmt: skip
        judged = load_outcomes(outcomes_folder(options.runs, NAME, options.variant))
        data = _data(options.dataset, options.root)
        about: dict[str, Any] = {
            'recipe': NAME,
            'variant': options.variant,
            'folds': sorted({o.run for o in judged}),
            'environment': environment(),
        }
        fitted = fit_fold(data, SHIPPED_FOLD, options)
        bundle = export(data, fitted, data_root(options.root), models, summarise(judged), about)
        add_costs(bundle)
        return bundle


RECIPE = TnnCCca()


def configuration(options: RunOptions) -> Config:
    """The configuration of a variant, with the overrides that the command line gave.

    Raises:
        InputError: another variant, or an override that does not fit.
    """
    if options.variant not in VARIANTS:
        raise InputError('variant', options.variant, ' or '.join(VARIANTS), 'correct the name')
    config = Config()
    if options.variant == 'published':
        config = Config('published', train=PUBLISHED_TRAIN)
    return configured(config, options)


def fold_folder(options: RunOptions, fold: int) -> Path:
    """Where a fold's run lies."""
    data = '' if options.dataset == 'embedded' else f'-{options.dataset.partition(":")[0]}'
    return options.runs / f'{NAME}-{options.variant}{data}' / f'fold-{fold}'


def fit_fold(data: AudioVisualData, fold: int, options: RunOptions) -> Fitted:
    """Fit a fold: closed forms anew, which takes seconds; networks from their checkpoints."""
    folder, config = fold_folder(options, fold), configuration(options)
    folder.mkdir(parents=True, exist_ok=True)
    fitting = fit if options.variant == 'production' else fit_published
    fitted = fitting(data, fold, folder, config)
    notes = json.dumps(fitted.notes, indent=1) + '\n'
    once(lambda: (folder / 'selection.json').write_text(notes))
    return fitted


@lru_cache(maxsize=1)
def _data(dataset: str, root: Path | None) -> AudioVisualData:
    return load_data(dataset, root)


def _draw(data: AudioVisualData, fold: int, heads: Heads, path: Path) -> None:
    """Some queries of each direction with their best answers; nothing where there are no files."""
    if not data.image.paths:
        return
    test = split(data, fold).test
    embedded = Embedded.of(data, test, heads)
    tasks = [task for _, task in directions(data, test)]

    def similarity(task: Direction) -> NDArray[np.floating]:
        return embedded.similarity(data.of(task.query.modality), task)

    def show(side: Side, number: int) -> NDArray[np.uint8] | str:
        row = int(side.rows[number])
        if side.modality == 'image':
            return load_image(data.image.paths[row])
        return f'[{data.classes[int(data.sound.label[row])]}]'

    draw_retrieval(tasks, similarity, show, path)
