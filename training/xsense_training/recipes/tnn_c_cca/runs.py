# SPDX-License-Identifier: Apache-2.0
"""Runs of TNN-C-CCA: fit folds, judge them together, export the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from xsense_ros.engines.bundle import Bundle
from xsense_training.data.folds import FOLDS
from xsense_training.data.root import data_root
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.plots import plot_precision_recall
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.run_folders import fold_folder, save_notes
from xsense_training.recipes.shipping import judged_for_export
from xsense_training.recipes.tnn_c_cca.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData, load_data
from xsense_training.recipes.tnn_c_cca.judging import fit_baselines, judge_fold
from xsense_training.recipes.tnn_c_cca.pictures import draw_fold
from xsense_training.recipes.tnn_c_cca.published import PUBLISHED_TRAIN, fit_published
from xsense_training.recipes.tnn_c_cca.recipe import SHIPPED, Fitted, fit
from xsense_training.recipes.tnn_c_cca.settings import NAME, Config
from xsense_training.trainer import once

VARIANTS = {
    'production': Config(),
    'published': Config('published', train=PUBLISHED_TRAIN),
}


class TnnCCca:
    """The recipe as the command line asks for it."""

    name = NAME
    folds = FOLDS
    variants = tuple(VARIANTS)

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold, resuming what a kill left; returns its run folder."""
        data = _data(options.dataset, options.root)
        fit_fold(data, fold, options)
        return fold_folder(NAME, options, fold)

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge folds: published rows, and for production also its own, baselines and controls."""
        data, config = _data(options.dataset, options.root), configured(VARIANTS, options)
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
            folder = fold_folder(NAME, options, fold)
            shown = SHIPPED if options.variant == 'production' else 'TNN-C-CCA (published)'
            draw_fold(data, fold, methods[shown][1], folder)
            plot_precision_recall(judged, folder / 'precision-recall.png')
        return outcomes

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """The towers of the shipped fold, with what was judged last and what they cost.

        Raises:
            InputError: another variant or data set than what ships (nobody ships the trunks of a
                public one), or nothing was judged yet.
        """
        judged = judged_for_export(self, options)
        data = _data(options.dataset, options.root)
        fitted = fit_fold(data, SHIPPED_FOLD, options)
        return export(data, fitted, data_root(options.root), models, judged)


RECIPE = TnnCCca()


def fit_fold(data: AudioVisualData, fold: int, options: RunOptions) -> Fitted:
    """Fit a fold: closed forms anew, which takes seconds; networks from their checkpoints."""
    folder, config = fold_folder(NAME, options, fold), configured(VARIANTS, options)
    folder.mkdir(parents=True, exist_ok=True)
    fitting = fit if options.variant == 'production' else fit_published
    fitted = fitting(data, fold, folder, config)
    once(lambda: save_notes(fitted.notes, folder))
    return fitted


@lru_cache(maxsize=1)
def _data(dataset: str, root: Path | None) -> AudioVisualData:
    return load_data(dataset, root)
