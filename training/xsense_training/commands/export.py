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
@click.option(
    '--precision',
    type=click.Choice(['fp32', 'fp16', 'int8']),
    default='fp32',
    show_default=True,
    help='Add files at this precision, as `xsense-train precision` does, if they do no harm.',
)
def command(recipe: str, options: RunOptions, models: Path, precision: str) -> None:
    """Export the towers of the shipped fold as a bundle that the robot opens.

    \b
    Examples:
      xsense-train export sketch --models models
      xsense-train export sketch --models models --precision fp16
    """
    bundle = load_recipe(recipe).export(options, models)
    if precision != 'fp32':
        from xsense_training.recipes.precision import add_to_bundle

        bundle = add_to_bundle(bundle, precision, models, root=options.root, say=click.echo)
    click.echo(f'bundle: {bundle.path}')
