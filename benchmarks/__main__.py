# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks [NAME ...]`: run the benchmarks one after another and print one table."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
from rich.console import Console

from benchmarks.report import Result, save, show

NAMES = ('startup', 'search', 'camera', 'touch', 'soak')


@click.command()
@click.argument('names', nargs=-1, type=click.Choice(NAMES))
@click.option(
    '--json',
    'path',
    type=click.Path(path_type=Path),
    default=Path('build/bench/results.json'),
    show_default=True,
    help='Where the results are written.',
)
def main(names: tuple[str, ...], path: Path) -> None:
    """Measure our own cost as ratios against something bare in the same run.

    \b
    python -m benchmarks               everything, about two minutes
    python -m benchmarks camera soak   only these
    """
    console = Console(stderr=True)
    results: list[Result] = []
    for name in names or NAMES:
        with console.status(f'measuring {name} ...'):
            # Each is imported when it runs: those without ROS work where ROS is missing.
            results += importlib.import_module(f'benchmarks.{name}').run()
    show(results)
    save(results, path)
    console.print(f'written to {path}')


if __name__ == '__main__':
    main()
