# SPDX-License-Identifier: Apache-2.0
"""Pictures of a machine's measurements, small enough for a document (SVG)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.subjects import REFERENCE
from xsense_ros.bench.rows import Record, Row


def draw(record: Record, folder: Path) -> list[str]:
    """Draw what there is to be drawn.

    Returns:
        Names of the files in `folder`: the towers by backend, and the rising curves.
    """
    pyplot = importlib.import_module('matplotlib.pyplot')
    # Letters stay letters, and the same figures give the same bytes.
    settings = {'svg.fonttype': 'none', 'svg.hashsalt': 'bench', 'font.size': 9}
    drawn = []
    with pyplot.rc_context(settings):
        for name, draw_one in (('towers', _towers), ('rising', _rising)):
            figure = draw_one(pyplot, record.rows)
            if figure is None:
                continue
            file = f'bench-{record.slug}-{name}.svg'
            figure.savefig(folder / file, metadata={'Date': None})
            pyplot.close(figure)
            drawn.append(file)
    return drawn


def _towers(pyplot: Any, rows: Sequence[Row]) -> Any:
    """Median latency by backend, as ratios."""
    found = [row for row in rows if row.group == 'towers' and row.figure == 'p50' and row.ratio]
    names = list(dict.fromkeys(row.name for row in found))
    variants = [v for v in dict.fromkeys(row.variant for row in found) if v != REFERENCE]
    if not names or not variants:
        return None
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.13 * len(names) * (len(variants) + 1)))
    high = 0.8 / len(variants)
    for number, variant in enumerate(variants):
        places = {row.name: row for row in found if row.variant == variant}
        at = [names.index(name) + (number - (len(variants) - 1) / 2) * high for name in places]
        beyond = [(row.ratio or 1.0) - 1.0 for row in places.values()]
        axes.barh(at, beyond, high, left=1.0, label=variant)
    axes.axvline(1.0, color='black', linewidth=0.8)
    axes.set_xscale('log')
    axes.xaxis.set_major_formatter('{x:g}')
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f'median latency / that of {REFERENCE} in float32 (left is faster)')
    axes.legend(fontsize=8)
    figure.tight_layout()
    return figure


def _rising(pyplot: Any, rows: Sequence[Row]) -> Any:
    """Search over items, answers over frames, processor over sensors."""
    figure, (search, rates, sensors) = pyplot.subplots(1, 3, figsize=(9, 3.6))
    found = [row for row in rows if row.group == 'search' and row.figure == 'p50' and row.ratio]
    items = [int(row.name.partition(' ')[0].replace(',', '')) for row in found]
    search.loglog(items, [row.value for row in found], 'o-', label='ours')
    bound = [row.value / (row.ratio or 1.0) for row in found]
    search.loglog(items, bound, 'x--', color='black', label='numpy bound')
    search.set_xlabel('items in the gallery')
    search.set_ylabel('search, median [ms]')

    answers = [row for row in rows if row.group == 'node' and row.figure == 'answers']
    for name in dict.fromkeys(row.name for row in answers):
        own = [row for row in answers if row.name == name]
        shares = [int(row.variant.partition('%')[0]) for row in own]
        rates.plot(shares, [100 * (row.ratio or 0.0) for row in own], 'o-', label=name)
    rates.plot([70, 100, 130], [70, 100, 100], '--', color='black', label='raw engine')
    rates.set_xlabel('frames [% of what the raw engine can take]')
    rates.set_ylabel('answers [%]')

    used = [row for row in rows if row.group == 'sensors' and row.figure == 'processor']
    sensors.plot([int(row.variant) for row in used], [row.value for row in used], 'o-')
    sensors.set_xlabel('tactile sensors of 30 Hz')
    sensors.set_ylabel('processor [cores]')
    sensors.set_ylim(bottom=0)
    if not (found or answers or used):
        pyplot.close(figure)
        return None
    search.legend(fontsize=6)
    rates.legend(fontsize=6, loc='lower center', bbox_to_anchor=(0.5, 1.0))
    figure.tight_layout()
    return figure
