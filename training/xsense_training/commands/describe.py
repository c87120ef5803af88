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
    from xsense_training.evaluate.model_size import ModelSize

# System -> module with `sizes() -> list[ModelSize]`, the one that counts first.
SYSTEMS = {
    'crossnet': 'xsense_training.recipes.crossnet.sizes',
    'hetero': 'xsense_training.recipes.hetero.sizes',
}


@click.command()
@click.argument('system', type=click.Choice(tuple(SYSTEMS)))
@click.option('--all', 'every', is_flag=True, help='Every variant and part, not only the first.')
@click.option('--json', 'as_json', is_flag=True, help='One JSON object a row, one row a line.')
def command(system: str, every: bool, as_json: bool) -> None:
    """Count the parameters and MACs of a system; nothing is fitted or loaded.

    \b
    Examples:
      xsense-train describe crossnet --all
      xsense-train describe crossnet --json
    """
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
