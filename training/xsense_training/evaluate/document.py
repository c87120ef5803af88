# SPDX-License-Identifier: Apache-2.0
"""metrics.json of a bundle: the summary it was judged by, and where; tables are drawn from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.evaluate.cost import bundle_costs
from xsense_training.evaluate.summary import Comparison, Cost, Row, Size, Summary

METRICS_FILE = 'metrics.json'
_KEY = ('system', 'dataset', 'split', 'direction')
_COLUMNS = {
    name: [f.name for f in fields(kind) if f.name not in _KEY]
    for name, kind in (('rows', Row), ('comparisons', Comparison))
}


def write_metrics(summary: Summary, about: Mapping[str, Any]) -> str:
    """JSON text: what `about` says (recipe, folds, environment, ...), then the summary.

    Rows lie under the question they answer, as lists of the named columns, one a line: flat
    objects would take four times the space in every bundle.
    """
    lines = [f' {json.dumps(k)}: {json.dumps(v)},' for k, v in about.items()]
    lines.append(f' "columns": {json.dumps(_COLUMNS)},')
    asked = [_asked(summary, key, size) for key, size in _questions(summary).items()]
    lines.append(' "asked": [\n' + ',\n'.join(asked) + '\n ],')
    costs = ',\n'.join(f'  {json.dumps(asdict(cost))}' for cost in summary.costs)
    lines.append(f' "costs": [\n{costs}\n ]')
    return '{\n' + '\n'.join(lines) + '\n}\n'


def read_metrics(path: Path) -> Summary:
    """The summary in a metrics.json.

    Raises:
        InputError: it is not one.
    """
    try:
        found = json.loads(path.read_text())
        summary = Summary(
            costs=[Cost(**c | {'models': tuple(c['models'])}) for c in found['costs']]
        )
        for asked in found['asked']:
            key = {name: asked[name] for name in _KEY}
            summary.sizes.append(Size(**key, queries=asked['queries'], gallery=asked['gallery']))
            for kind, one in (('rows', Row), ('comparisons', Comparison)):
                names = found['columns'][kind]
                getattr(summary, kind).extend(
                    one(**key, **dict(zip(names, values, strict=True))) for values in asked[kind]
                )
        return summary
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            'metrics',
            str(path),
            'a file that export wrote, with asked and costs',
            f'export the bundle again ({error})',
        ) from error


def _questions(summary: Summary) -> dict[tuple[str, ...], Size]:
    return {(s.system, s.dataset, s.split, s.direction): s for s in summary.sizes}


def _asked(summary: Summary, key: tuple[str, ...], size: Size) -> str:
    """One question with its rows and comparisons."""
    parts = [f'  {json.dumps(asdict(size))[:-1]}']
    for kind, entries in (('rows', summary.rows), ('comparisons', summary.comparisons)):
        own = [e for e in entries if (e.system, e.dataset, e.split, e.direction) == key]
        values = [json.dumps([getattr(e, name) for name in _COLUMNS[kind]]) for e in own]
        parts.append(f'   "{kind}": [' + ''.join(f'\n    {v},' for v in values)[:-1] + '\n   ]')
    return ',\n'.join(parts) + '\n  }'


def read_models(models: Path, systems: Sequence[str] = ()) -> Summary:
    """The metrics of every bundle in a folder together, of the named systems or all.

    Raises:
        InputError: no metrics there, or none of a named system.
    """
    found = [read_metrics(path) for path in sorted(models.glob(f'*/{METRICS_FILE}'))]
    summary = Summary.together(found)
    missing = set(systems) - set(summary.systems)
    if missing or not found:
        raise InputError(
            'models folder',
            str(models),
            f'*/{METRICS_FILE} with {", ".join(sorted(missing)) or "any system"}',
            'name a folder of bundles, or export them: xsense-train export SYSTEM',
        )
    if not systems:
        return summary
    return Summary.together(summary.of(system) for system in systems)


def measure_models(models: Path) -> None:
    """Measure every judged bundle in a folder and keep its cost in its metrics.json."""
    for path in sorted(models.glob(f'*/{METRICS_FILE}')):
        add_costs(Bundle.open(path.parent))


def add_costs(bundle: Bundle) -> None:
    """Measure the towers of a bundle and write their cost into its metrics.json.

    Raises:
        InputError: the bundle holds no metrics.
    """
    path = bundle.path / METRICS_FILE
    summary = read_metrics(path)
    own = ('columns', 'asked', 'costs')
    kept = {k: v for k, v in json.loads(path.read_text()).items() if k not in own}
    costs = bundle_costs(bundle, summary.systems[0])
    path.write_text(write_metrics(replace(summary, costs=costs), kept))
