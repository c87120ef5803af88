# SPDX-License-Identifier: Apache-2.0
"""`xsense-train evaluate`: a recipe beside its baselines, on what it was not fitted on."""

from __future__ import annotations

import click

from xsense_training.commands.recipe_options import recipe_options
from xsense_training.recipes.registry import RunOptions, load_recipe


@click.command()
@recipe_options
@click.option('--fold', default=0, show_default=True, type=click.IntRange(min=0))
@click.option('--all-folds', is_flag=True, help='Every fold, with paired tests.')
def command(recipe: str, options: RunOptions, fold: int, all_folds: bool) -> None:
    """Judge on held-out data, beside chance, controls and every baseline.

    Folds that are not fitted yet are fitted first. What was judged is kept in the run folder:
    `report` draws it, and `export` puts it into the bundle.

    \b
    Examples:
      xsense-train evaluate tnn-c-cca --fold 0
      xsense-train evaluate see-hear-read --all-folds
    """
    from xsense_training.evaluate.outcome_store import outcomes_folder, save_outcomes
    from xsense_training.evaluate.rows import summarise
    from xsense_training.evaluate.table import markdown

    found = load_recipe(recipe)
    folds = range(found.folds) if all_folds else (fold,)
    outcomes = found.evaluate(options, folds)
    folder = outcomes_folder(options.runs, recipe, options.variant)
    save_outcomes(outcomes, folder)
    click.echo(markdown(summarise(outcomes)))
    click.echo(f'kept in {folder}')
