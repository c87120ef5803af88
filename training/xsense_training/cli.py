# SPDX-License-Identifier: Apache-2.0
"""`xsense-train`: fetch data, fit, evaluate and export recipes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xsense_ros.errors import XsenseError

if TYPE_CHECKING:  # torch and its kind are imported only by the commands that need them
    from xsense_training.recipes.see_hear_read.data import Ingredients
    from xsense_training.recipes.see_hear_read.training import Config

RECIPES = ('see-hear-read',)


@click.group(context_settings={'help_option_names': ['-h', '--help']})
def cli() -> None:
    """Train the towers that xsense_ros runs.

    \b
    From nothing to a bundle:
      xsense-train data fetch all
      xsense-train fit see-hear-read --fold 0
      xsense-train evaluate see-hear-read --all-folds
      xsense-train export see-hear-read --models models
    """


def recipe_options(command: Any) -> Any:
    """Options that fit, evaluate and export share."""
    for option in (
        click.argument('recipe', type=click.Choice(RECIPES)),
        click.option(
            '--data',
            type=click.Path(path_type=Path),
            help='Data root [$XSENSE_DATA, ~/.cache/xsense/data].',
        ),
        click.option(
            '--runs',
            type=click.Path(path_type=Path),
            default=Path('runs'),
            show_default=True,
            help='Folder of the run folders.',
        ),
        click.option(
            '--variant',
            type=click.Choice(['production', 'published']),
            default='production',
            show_default=True,
            help='published: hinge, random start and ImageNet teacher of the paper.',
        ),
        click.option('--threads', default=1, show_default=True, help='CPU threads of torch.'),
    ):
        command = option(command)
    return command


@cli.command()
@recipe_options
@click.option('--fold', default=0, show_default=True, type=click.IntRange(0, 4))
def fit(recipe: str, data: Path | None, runs: Path, variant: str, threads: int, fold: int) -> None:
    """Fit one fold; a killed run goes on where it stopped.

    \b
    Example:
      xsense-train fit see-hear-read --fold 0 --runs runs
    """
    ingredients, config = _prepare(data, variant, threads)
    from xsense_training.recipes.see_hear_read.runs import fit_fold, fold_folder

    fitted = fit_fold(ingredients, fold, runs, config)
    for name, note in fitted.notes.items():
        click.echo(f'{name}: {note}')
    click.echo(f'run folder: {fold_folder(runs, variant, fold)}')


@cli.command()
@recipe_options
@click.option('--fold', default=0, show_default=True, type=click.IntRange(0, 4))
@click.option('--all-folds', is_flag=True, help='All five folds, with paired tests.')
@click.option(
    '--models',
    type=click.Path(path_type=Path),
    help='Also renew metrics.json and the card of the bundle in this folder.',
)
def evaluate(
    recipe: str,
    data: Path | None,
    runs: Path,
    variant: str,
    threads: int,
    fold: int,
    all_folds: bool,
    models: Path | None,
) -> None:
    """Test on held-out concepts, beside chance, CCA, linear regression and ConSE.

    \b
    Examples:
      xsense-train evaluate see-hear-read --fold 0
      xsense-train evaluate see-hear-read --all-folds --models models
    """
    ingredients, config = _prepare(data, variant, threads)
    from xsense_training.evaluate.report import comparison_table, table
    from xsense_training.recipes.see_hear_read.runs import (
        ALL_FOLDS,
        evaluate,
        export_shipped,
        fold_folder,
    )

    folds = ALL_FOLDS if all_folds else (fold,)
    metrics = evaluate(ingredients, folds, runs, config)
    click.echo(table(metrics['directions']))
    click.echo(comparison_table(metrics['directions']))
    click.echo(f'written to {fold_folder(runs, variant, 0).parent}')
    if models is not None:
        bundle = export_shipped(ingredients, runs, models, config)
        click.echo(f'bundle: {bundle.path}')


@cli.command()
@recipe_options
@click.option(
    '--models',
    type=click.Path(path_type=Path),
    default=Path('models'),
    show_default=True,
    help='Folder of the bundles.',
)
def export(
    recipe: str, data: Path | None, runs: Path, variant: str, threads: int, models: Path
) -> None:
    """Export the towers of the shipped fold as a bundle that the robot opens.

    \b
    Example:
      xsense-train export see-hear-read --models models
    """
    ingredients, config = _prepare(data, variant, threads)
    from xsense_training.recipes.see_hear_read.runs import export_shipped

    bundle = export_shipped(ingredients, runs, models, config)
    click.echo(f'bundle: {bundle.path}')


@cli.group()
def data() -> None:
    """Fetch data sets and check that they are whole."""


@data.command('fetch')
@click.argument('name')
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
def fetch_data(name: str, root: Path | None) -> None:
    """Download a data set: tuxpaint, emoji, gcompris, soundfont, weights or all.

    \b
    Example:
      xsense-train data fetch tuxpaint
    """
    from xsense_training.data.fetch import fetch

    for folder in fetch(name, root):
        click.echo(str(folder))


@data.command('check')
@click.argument('name')
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
def check_data(name: str, root: Path | None) -> None:
    """Report what is there and what is missing.

    \b
    Example:
      xsense-train data check all
    """
    from xsense_training.data.check import check

    sys.exit(check(name, root))


@data.command('record-sample')
@click.option(
    '--to',
    'folder',
    type=click.Path(path_type=Path, file_okay=False),
    default=Path('samples/robot_home'),
    show_default=True,
    help='Folder of the sample.',
)
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
@click.option('--seed', default=0, show_default=True, help='Of scenes and noise.')
def record_sample(folder: Path, root: Path | None, seed: int) -> None:
    """Make the sample recording of the demo from held-out Tux Paint stamps."""
    from xsense_training.data.concepts import load_concepts
    from xsense_training.record_sample import write_sample

    size = write_sample(folder, load_concepts(root, ('tuxpaint',)), seed)
    click.echo(f'{folder}: {size / 1e6:.2f} MB')


@cli.command('demo-picture')
@click.argument('matches', type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument('picture', type=click.Path(dir_okay=False, path_type=Path))
def demo_picture(matches: Path, picture: Path) -> None:
    """Draw the answers of a demo run into a picture (.png or .jpg).

    \b
    Example:
      xsense-train demo-picture build/demo/matches.jsonl docs/demo.jpg
    """
    from xsense_ros.resources import find_resource
    from xsense_training.demo_picture import draw

    draw(matches, find_resource('samples/robot_home'), picture)
    click.echo(f'written: {picture}')


def _prepare(data: Path | None, variant: str, threads: int) -> tuple[Ingredients, Config]:
    """Features of the corpus and the configuration of the variant."""
    import torch

    from xsense_training.recipes.see_hear_read.data import prepare
    from xsense_training.recipes.see_hear_read.training import configuration

    torch.set_num_threads(threads)
    return prepare(data), configuration(variant, threads)


def main() -> None:
    """Entry point: errors a user can act on are shown without a traceback."""
    try:
        cli()
    except (XsenseError, ValueError) as error:
        click.echo(f'error: {error}', err=True)
        sys.exit(1)


if __name__ == '__main__':
    main()
