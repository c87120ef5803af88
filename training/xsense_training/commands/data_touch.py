# SPDX-License-Identifier: Apache-2.0
"""`xsense-train data make touch-sim`: make the simulated touch set."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
def make() -> None:
    """Make data sets that are simulated."""


@make.command('touch-sim')
@click.option('--objects', default=400, show_default=True, help='How many objects.')
@click.option(
    '--instances', default=16, show_default=True, help='Views, touches and knocks of each.'
)
@click.option('--seed', default=0, show_default=True, help='Of everything that is drawn.')
@click.option('--size', default=224, show_default=True, help='Pixels of a view.')
@click.option(
    '--out',
    'folder',
    type=click.Path(path_type=Path, file_okay=False),
    help='Folder of the set.  [default: touch-sim in the data root]',
)
@click.option('--root', type=click.Path(path_type=Path), help='Data root.')
@click.option('--workers', default=os.cpu_count() or 1, help='Processes.  [default: all cores]')
def make_touch_sim(
    objects: int,
    instances: int,
    seed: int,
    size: int,
    folder: Path | None,
    root: Path | None,
    workers: int,
) -> None:
    """Simulate objects that are seen, touched and heard.

    The same seed gives the same files, however many processes share the work. A run that was
    stopped goes on where it was when it is started again with the same options.

    \b
    Examples:
      xsense-train data fetch meshes
      xsense-train data fetch gel
      xsense-train data make touch-sim
      xsense-train data make touch-sim --objects 20 --instances 8 --out /tmp/small
    """
    from xsense_training.touch_sim.make import make as run

    target = run(objects, instances, seed, size, folder, root, workers)
    click.echo(str(target))
