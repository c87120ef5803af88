# SPDX-License-Identifier: Apache-2.0
"""`xsense-train data`: fetch data sets, check that they are whole, make the sample recording."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xsense_training.commands import data_folds, data_touch, data_validate


@click.group()
def command() -> None:
    """Fetch data sets, check that they are whole, make simulated ones."""


command.add_command(data_folds.folds)
command.add_command(data_touch.make)
command.add_command(data_validate.validate)


@command.command('fetch')
@click.argument('name')
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
def fetch_data(name: str, root: Path | None) -> None:
    """Download a data set.

    One of tuxpaint, emoji, gcompris, soundfont, weights, gel, meshes, landsat; or all.

    \b
    Example:
      xsense-train data fetch tuxpaint
    """
    from xsense_training.data.fetch import fetch

    for folder in fetch(name, root):
        click.echo(str(folder))


@command.command('check')
@click.argument('name', metavar='NAME[:PATH]')
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
def check_data(name: str, root: Path | None) -> None:
    """Report what is there and what is missing.

    \b
    Examples:
      xsense-train data check all
      xsense-train data check sketchy:/data/sketchy
    """
    from xsense_training.data.check import check

    sys.exit(check(name, root))


@command.command('record-sample')
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
    """Make the sample recording of the demo from held-out things and held-out land."""
    from xsense_training.data.landsat import load_landsat
    from xsense_training.record_sample import write_sample
    from xsense_training.sample_recording.library import held_out_library

    size = write_sample(folder, held_out_library(root), load_landsat(root).pair('test'), seed)
    click.echo(f'{folder}: {size / 1e6:.2f} MB')
