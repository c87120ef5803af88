# SPDX-License-Identifier: Apache-2.0
"""Rows on a terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from xsense_ros.bench.rows import Row

MARKS = {True: 'yes', False: 'NO', None: ''}


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table(title='In turns with the reference, in the same run', title_justify='left')
    for column in (
        'what',
        'variant',
        'figure',
        'measured',
        'x reference',
        'spread',
        'goal',
        'met',
    ):
        table.add_column(column, overflow='fold')
    for row in rows:
        ratio = '' if row.ratio is None else f'{row.ratio:.2f} x {row.reference}'
        measured, wobble = f'{row.value:.4g} {row.unit}', f'± {row.spread:.0%}, {row.runs} runs'
        table.add_row(
            *(row.name, row.variant, row.figure, measured, ratio, wobble, row.goal, MARKS[row.met])
        )
    Console(width=None if os.isatty(1) else 140).print(table)
