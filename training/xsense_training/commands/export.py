# SPDX-License-Identifier: Apache-2.0
"""`xsense-train export`: the towers of the shipped fold as a bundle that the robot opens."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_training.commands.recipe_options import recipe_options
from xsense_training.recipes.registry import RunOptions, load_recipe


@click.command()
@recipe_options
@click.option(
    '--models',
    type=click.Path(path_type=Path, file_okay=False),
    default=Path('models'),
    show_default=True,
    help='Folder of the bundles.',
)
def command(recipe: str, options: RunOptions, models: Path) -> None:
    """Export the towers of the shipped fold as a bundle that the robot opens.

    \b
    Example:
      xsense-train export sketch --models models
    """
    bundle = load_recipe(recipe).export(options, models)
    click.echo(f'bundle: {bundle.path}')
