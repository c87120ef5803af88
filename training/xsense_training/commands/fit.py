# SPDX-License-Identifier: Apache-2.0
"""`xsense-train fit`: one fold of a recipe."""

from __future__ import annotations

import click

from xsense_training.commands.recipe_options import recipe_options
from xsense_training.recipes.registry import RunOptions, load_recipe


@click.command()
@recipe_options
@click.option('--fold', default=0, show_default=True, type=click.IntRange(min=0))
def command(recipe: str, options: RunOptions, fold: int) -> None:
    """Fit one fold; a killed run goes on where it stopped.

    \b
    Examples:
      xsense-train fit sketch --fold 0
      xsense-train fit sketch --data sketchy:/data/sketchy --set train.steps=2000
      torchrun --nproc-per-node 4 -m xsense_training.cli fit sketch
    """
    folder = load_recipe(recipe).fit(options, fold)
    click.echo(f'run folder: {folder}')
