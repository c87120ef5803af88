# SPDX-License-Identifier: Apache-2.0
"""Rows as tables of a document: one row a thing, one column a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.report import MARKS
from xsense_ros.bench.rows import Record, Row

NOTHING = 'Not measured yet: `make bench`.'
# In the order in which they are told.
HEADINGS = {
    'towers': 'Towers and matchers',
    'large towers': 'Large trunks, random weights',
    'preprocessing': 'Preprocessing',
    'search': 'Search in the gallery',
    'importing': 'Filling a gallery from files',
    'node': 'Nodes over DDS',
    'sensors': 'Rising numbers of sensors',
    'startup': 'Start',
    'soak': 'A minute of everything',
}


def document(records: Sequence[Record], plots: Mapping[str, Sequence[str]]) -> str:
    """All tables of all machines as Markdown.

    Args:
        records: what was measured, one a machine.
        plots: pictures by the slug of a record, as links of the document.
    """
    if not records:
        return NOTHING
    return '\n\n'.join(_machine(record, plots.get(record.slug, ())) for record in records)


def brief(records: Sequence[Record]) -> str:
    """The figures that have a goal, as Markdown."""
    parts = []
    for record in records:
        rows = [row for row in record.rows if row.goal]
        lines = [
            f'{record.title}:\n',
            '| what | measured | against | ratio | spread | goal | met |',
            '| --- | --- | --- | --- | --- | --- | --- |',
        ]
        for row in rows:
            ratio = '' if row.ratio is None else f'{row.ratio:.2f}'
            what = ' '.join(part for part in (f'{row.name},', row.variant, row.figure) if part)
            met = {True: 'yes', False: '**no**', None: ''}[row.met]
            cells = (what, _value(row), row.reference, ratio, _spread(row), row.goal, met)
            lines.append(_line(cells))
        parts.append('\n'.join(lines))
    return '\n\n'.join(parts) or NOTHING


def _machine(record: Record, plots: Sequence[str]) -> str:
    machine = record.machine
    versions = ', '.join(f'{name} {found}' for name, found in machine['versions'].items())
    # Files of before these were written down have none.
    able = f', {" ".join(machine["instructions"])}' if machine.get('instructions') else ''
    parts = [
        f'## {record.title}',
        f'{machine["memory_gb"]} GB memory, {machine["system"]}{able}, '
        f'Python {machine["python"]}, {versions}.',
    ]
    parts += [f'![{link.rpartition("/")[2]}]({link})' for link in plots]
    known = [*HEADINGS, *dict.fromkeys(row.group for row in record.rows)]
    for group in dict.fromkeys(known):
        rows = [row for row in record.rows if row.group == group]
        if rows:
            parts += [f'### {HEADINGS.get(group, group)}', *_tables(rows)]
    if record.not_run:
        lines = [_line(('not run', 'why')), '| --- | --- |']
        lines += [_line((name, reason)) for name, reason in record.not_run.items()]
        parts += ['### Not run', '\n'.join(lines)]
    return '\n\n'.join(parts)


def _tables(rows: Sequence[Row]) -> list[str]:
    """One table for all things of which the same figures are known, or some of these."""
    things: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        things.setdefault((row.name, row.variant), {})[row.figure] = row
    families: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for thing, figures in things.items():
        wider = (family for family in families if set(figures) <= set(family))
        families.setdefault(next(wider, tuple(figures)), []).append(thing)
    return [_table(figures, [(t, things[t]) for t in of]) for figures, of in families.items()]


def _table(
    figures: Sequence[str], things: Sequence[tuple[tuple[str, str], dict[str, Row]]]
) -> str:
    lines = [_line(('what', 'variant', *figures)), '| --- ' * (len(figures) + 2) + '|']
    for (name, variant), rows in things:
        cells = (_cell(rows[figure]) if figure in rows else '' for figure in figures)
        lines.append(_line((name, variant, *cells)))
    against: dict[str, list[str]] = {}
    for figure in figures:
        for _, rows in things:
            reference = rows[figure].reference if figure in rows else ''
            if reference and figure not in against.setdefault(reference, []):
                against[reference].append(figure)
    told = [f'{", ".join(named)} to {reference}' for reference, named in against.items()]
    if told:
        lines += ['', f'Ratios: {"; ".join(told)}.']
    return '\n'.join(lines)


def _cell(row: Row) -> str:
    ratio = '' if row.ratio is None else f'{row.ratio:.2f} x, '
    wobble = f'<br>{ratio}{_spread(row)}' if ratio or row.runs > 1 else ''
    goal = '' if row.met is None else f'<br>{row.goal}: {MARKS[row.met]}'
    return f'{_value(row)}{wobble}{goal}'


def _value(row: Row) -> str:
    return f'{row.value:.4g} {row.unit}'


def _spread(row: Row) -> str:
    return f'± {row.spread:.0%}'


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cell.replace("|", "&#124;") for cell in cells)} |'
