# SPDX-License-Identifier: Apache-2.0
"""`xsense bench`: two sets of measurements beside each other."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xsense_ros.commands.samples import HELP

if TYPE_CHECKING:
    from xsense_ros.bench.compare import Change

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings=HELP)
def command() -> None:
    """Compare what `make bench` measured on two machines, or before and after a change.

    \b
    Examples:
      xsense bench compare before.json after.json
      xsense bench compare --margin 0.05 --json before.json after.json
    """


@command.command(context_settings=HELP)
@click.argument('before', type=_FILE)
@click.argument('after', type=_FILE)
@click.option(
    '--margin', type=click.FloatRange(min=0.0), default=0.1, show_default=True, metavar='SHARE',
    help='Change that counts as none even where the spread is smaller.',
)  # fmt: skip
@click.option('--every', is_flag=True, help='Show also what stayed the same.')
@click.option('--json', 'as_json', is_flag=True, help='One JSON object a figure, one a line.')
def compare(before: Path, after: Path, margin: float, every: bool, as_json: bool) -> None:
    """Show how the ratios of AFTER differ from those of BEFORE; exit code 1 where one got worse.

    Worse is what got worse by more than the spreads of both files together and by more than the
    margin. Where a figure has no reference to be a ratio of, its values are compared, on the same
    machine only.

    \b
    Example:
      xsense bench compare benchmarks/results/OLD.json benchmarks/results/NEW.json
    """
    from xsense_ros.bench import compare as bench
    from xsense_ros.bench.rows import read_record
    from xsense_ros.errors import InputError

    try:
        old, new = read_record(before), read_record(after)
    except InputError as error:
        click.echo(f'Error: {error}', err=True)
        sys.exit(2)
    changes = bench.compare(old, new, margin)
    shown = [change for change in changes if every or change.verdict != bench.SAME]
    if as_json:
        for change in changes:
            click.echo(json.dumps(asdict(change)))
    else:
        for side, title in (('before', old.title), ('after', new.title)):
            click.echo(f'{side:<6}  {title}')
        if shown:
            _show(shown)
        gone, added = bench.only_in_one(old, new)
        counts = [f'{sum(c.verdict == v for c in changes)} {v}' for v in _VERDICTS]
        counts += [f'{len(gone)} only before, {len(added)} only after'] if gone or added else []
        click.echo(f'{len(changes)} figures compared: {", ".join(counts)}')
        if len(changes) < len(new.rows) - len(added) and old.title != new.title:
            click.echo('values without a reference are not compared between different machines')
    sys.exit(1 if any(change.verdict == bench.WORSE for change in changes) else 0)


_VERDICTS = ('worse', 'better', 'same')


def _show(changes: list[Change]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for column in ('what', 'before', 'after', 'factor', 'spread', ''):
        table.add_column(column, overflow='fold')
    for change in sorted(changes, key=lambda change: _VERDICTS.index(change.verdict)):
        before, after = (_measured(row.ratio, row.value, row.unit) for row in
                         (change.before, change.after))  # fmt: skip
        what = ' '.join(part for part in change.after.key[1:] if part)
        wobble = f'± {change.wobble:.0%}'
        table.add_row(what, before, after, f'{change.factor:.2f}', wobble, change.verdict)
    console = Console()
    Console(width=max(100, console.width)).print(table)


def _measured(ratio: float | None, value: float, unit: str) -> str:
    return f'{value:.4g} {unit}' if ratio is None else f'{ratio:.2f} x ({value:.4g} {unit})'
