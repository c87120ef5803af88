# SPDX-License-Identifier: Apache-2.0
"""Runs of the hetero recipe: fit a matcher, judge it beside what learns nothing, export it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.outcome import Outcome
from xsense_training.recipes.configuration import configured
from xsense_training.recipes.hetero.bundle import SHIPPED_FOLD, export
from xsense_training.recipes.hetero.config import VARIANTS
from xsense_training.recipes.hetero.evaluating import judge_question, learned
from xsense_training.recipes.hetero.fitting import fit_matcher, fitted_on, hetero_folder
from xsense_training.recipes.hetero.questions import NAME, ask, questions
from xsense_training.recipes.registry import RunOptions
from xsense_training.recipes.shipping import judged_for_export

CLOSED_FORMS = 'hetero-closed-forms'  # folder of their answers, beside the run folders


class Hetero:
    """The recipe as the command line asks for it.

    There is one fold: Landsat is cut from west to east once, things once by their names.
    """

    name = NAME
    folds = 1
    variants = tuple(VARIANTS)

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit a variant; returns its run folder."""
        fit_matcher(configured(VARIANTS, options), options, fold)
        return hetero_folder(options, fold)

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge on every list of searches: what ships beside the closed forms, others alone."""
        config = configured(VARIANTS, options)
        shipped = config.variant == self.variants[0]
        asked = [ask(question, options.root) for question in questions(options.dataset)]
        outcomes: list[Outcome] = []
        columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), transient=True) as progress:
            bar = progress.add_task(NAME, total=len(asked) * len(folds))
            for fold in folds:
                method = learned(config, fit_matcher(config, fitted_on(options), fold))
                for one in asked:
                    progress.update(bar, description=f'{one.pairs.dataset}, {one.question.split}')
                    kept = options.runs / CLOSED_FORMS if shipped else None
                    outcomes += judge_question(one, method, fold, kept)
                    progress.advance(bar)
        return outcomes

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """The matcher that ships, with what was judged last and what it costs.

        Raises:
            InputError: another variant than what ships, or nothing was judged yet.
        """
        judged = judged_for_export(self, options, public_sets=True)
        config = configured(VARIANTS, options)
        matcher = fit_matcher(config, options, SHIPPED_FOLD)
        return export(config, matcher, options, models, judged)


RECIPE = Hetero()
