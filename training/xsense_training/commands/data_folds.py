# SPDX-License-Identifier: Apache-2.0
"""`xsense-train data folds`: the pinned folds of a recipe, made again from its data."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument('recipe', type=click.Choice(('see-hear-read', 'sketch', 'tnn-c-cca')))
@click.option(
    '--to',
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help='File to write.',
)
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
def folds(recipe: str, to: Path, root: Path | None) -> None:
    """Make the folds of a recipe again; exit code 1 where they are not the pinned ones.

    \b
    Example:
      xsense-train data folds sketch --to folds.json
    """
    from xsense_training.data.pinned_folds import make_folds

    same = make_folds(recipe, to, root)
    click.echo(f'{to}: {"the pinned folds" if same else "other folds than the pinned ones"}')
    sys.exit(0 if same else 1)
