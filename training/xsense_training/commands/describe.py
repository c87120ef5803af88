# SPDX-License-Identifier: Apache-2.0
"""`xsense-train describe`: parameters and MACs of a system, beside what was published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # it imports torch
    from xsense_training.evaluate.model_size import ModelSize, TimeRatio

# System -> module with `sizes() -> list[ModelSize]`, the one that counts first.
SYSTEMS = {
    'crossnet': 'xsense_training.recipes.crossnet.sizes',
    'hetero': 'xsense_training.recipes.hetero.sizes',
}
# System -> module with `times() -> list[TimeRatio]`.
TIMES = {'hetero': 'xsense_training.recipes.hetero.times'}


@click.command()
@click.argument('system', type=click.Choice(tuple(SYSTEMS)))
@click.option('--all', 'every', is_flag=True, help='Every variant and part, not only the first.')
@click.option(
    '--time',
    'timed',
    is_flag=True,
    help='Time its variants in turn on one CPU thread instead (hetero: 1-2 minutes).',
)
@click.option('--json', 'as_json', is_flag=True, help='One JSON object a row, one row a line.')
def command(system: str, every: bool, timed: bool, as_json: bool) -> None:
    """Count the parameters and MACs of a system; nothing is fitted or loaded.

    \b
    Examples:
      xsense-train describe crossnet --all
      xsense-train describe crossnet --json
      xsense-train describe hetero --time
    """
    if timed:
        if system not in TIMES:
            raise click.UsageError(f'--time is for {", ".join(TIMES)}')
        ratios: list[TimeRatio] = import_module(TIMES[system]).times()
        lines = [json.dumps(asdict(r)) if as_json else f'{r.ratio:6.3f}  {r.name}' for r in ratios]
        click.echo('\n'.join(lines))
        return
    found: list[ModelSize] = import_module(SYSTEMS[system]).sizes()
    shown = found if every else found[:1]
    if as_json:
        click.echo('\n'.join(json.dumps(asdict(size)) for size in shown))
    else:
        _print_table(shown)


def _print_table(shown: Sequence[ModelSize]) -> None:
    from rich.console import Console
    from rich.table import Table

    notes = list(dict.fromkeys(size.note for size in shown if size.note))
    out = Console()
    table = Table('model')
    for name in ('parameters', 'published', 'MACs', 'published'):
        table.add_column(name, justify='right', no_wrap=True)
    for size in shown:
        mark = f' ({notes.index(size.note) + 1})' if size.note else ''
        table.add_row(
            size.name + mark,
            _in(1e6, 'M', size.parameters),
            _in(1e6, 'M', size.published_parameters),
            _in(1e9, 'G', size.macs),
            _in(1e9, 'G', size.published_macs),
        )
    out.print(table)
    for number, note in enumerate(notes, 1):
        out.print(f'({number}) {note}', soft_wrap=True, highlight=False)


def _in(unit: float, letter: str, number: int | None) -> str:
    return '' if number is None else f'{number / unit:.2f} {letter}'
