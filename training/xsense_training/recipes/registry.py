# SPDX-License-Identifier: Apache-2.0
"""The recipes by name, and what the command line asks of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.outcome import Outcome

_MODULES = {
    'crossnet': 'xsense_training.recipes.crossnet.runs',
    'hetero': 'xsense_training.recipes.hetero.runs',
    'see-hear-read': 'xsense_training.recipes.see_hear_read.runs',
    'sketch': 'xsense_training.recipes.sketch.runs',
    'tnn-c-cca': 'xsense_training.recipes.tnn_c_cca.runs',
}
RECIPES = tuple(_MODULES)
EMBEDDED = 'embedded'  # the data set that a recipe makes from fetched packages


@dataclass(frozen=True)
class RunOptions:
    """What fit, evaluate and export are told.

    root: data root (None: $XSENSE_DATA or the cache folder); runs: where run folders lie;
    dataset: EMBEDDED or 'name:/path' of a public data set; variant: one of the recipe's;
    threads: CPU threads of torch; config: configuration file (None: the variant's defaults);
    overrides: configuration fields by dotted name, ('train.steps', '200').
    """

    root: Path | None = None
    runs: Path = Path('runs')
    dataset: str = EMBEDDED
    variant: str = 'production'
    threads: int = 1
    config: Path | None = None
    overrides: tuple[tuple[str, str], ...] = ()


class Recipe(Protocol):
    """A system on the bench. Every `runs` module of a recipe holds one, named RECIPE.

    variants: by name; the first one ships.
    """

    name: str
    folds: int
    variants: tuple[str, ...]

    def fit(self, options: RunOptions, fold: int) -> Path:
        """Fit one fold, resuming what a kill left; returns its run folder."""
        ...

    def evaluate(self, options: RunOptions, folds: Sequence[int]) -> list[Outcome]:
        """Judge fitted folds (fitting those that are missing) beside every baseline."""
        ...

    def export(self, options: RunOptions, models: Path) -> Bundle:
        """Write the bundle that ships, with the metrics of the last evaluation."""
        ...


def load_recipe(name: str) -> Recipe:
    """The recipe of that name; its module (and torch) is imported only now."""
    recipe: Recipe = import_module(_MODULES[name]).RECIPE
    return recipe
