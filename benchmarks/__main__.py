# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks [NAME ...]`: run the benchmarks one after another and print one table."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from benchmarks.machine import machine
from benchmarks.report import show
from benchmarks.statistics import NotRun
from xsense_ros.bench.rows import Record, Row

NAMES = (
    *('startup', 'towers', 'large_tower', 'preprocessing', 'search', 'growth', 'importing'),
    *('fleet', 'camera', 'touch', 'matching', 'sensors', 'dashboard', 'soak'),
)


@click.command()
@click.argument('names', nargs=-1, type=click.Choice(NAMES))
@click.option(
    '--json',
    'path',
    type=click.Path(path_type=Path),
    default=Path('build/bench/results.json'),
    show_default=True,
    help='Where the rows are written.',
)
@click.option(
    '--save',
    'saving',
    is_flag=True,
    help="Renew this machine's file in benchmarks/results, the tables and the plots; "
    'only where everything is measured.',
)
def main(names: tuple[str, ...], path: Path, saving: bool) -> None:
    """Measure our own cost as ratios against something bare in the same run.

    \b
    python -m benchmarks               everything, about ten minutes
    python -m benchmarks camera soak   only these
    python -m benchmarks --save        everything, into the documents
    """
    if saving and names:
        raise click.UsageError('--save is for all benchmarks together; name none')
    console = Console(stderr=True)
    results: list[Row | NotRun] = []
    failed: list[str] = []
    for name in names or NAMES:
        begin = time.monotonic()
        with console.status(f'measuring {name} ...'):
            # Each is imported when it runs: those without ROS work where ROS is missing.
            try:
                results += importlib.import_module(f'benchmarks.{name}').run()
            except Exception as error:  # what the others measured is worth keeping
                console.print_exception()
                results.append(NotRun(name, f'failed: {error}'))
                failed.append(name)
        console.print(f'{name}: {time.monotonic() - begin:.0f} s')
    record = as_record(results)
    show(record.rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(record.to_json(), encoding='utf-8')
    console.print(f'written to {path}')
    if saving:
        from benchmarks.renew import renew, save

        console.print(f'written to {save(record)}')
        renew()
        console.print('renewed docs/benchmarks.md and README.md')
    if failed:
        raise click.ClickException(f'{", ".join(failed)}: failed')


def as_record(results: Sequence[Row | NotRun]) -> Record:
    """Rows and reasons of this machine; a figure for which there were too few answers is none."""
    rows, not_run = [], {}
    for one in results:
        if isinstance(one, NotRun):
            not_run[one.name] = one.reason
        elif all(map(math.isfinite, (one.value, one.spread, one.ratio or 0.0))):
            rows.append(one)
        else:
            not_run[' '.join(filter(None, one.key[1:]))] = 'too few answers'
    return Record(machine(), rows, not_run)


if __name__ == '__main__':
    main()
