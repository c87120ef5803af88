# SPDX-License-Identifier: Apache-2.0
"""`xsense-train report`: tables and plots from stored outcomes or from the bundles' metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.evaluate.cells import MATCHED, headline
from xsense_training.evaluate.document import read_models
from xsense_training.evaluate.match_results import MatchResults
from xsense_training.evaluate.match_table import constant_box_table
from xsense_training.evaluate.outcome_store import load_outcomes
from xsense_training.evaluate.plots import plot_bars, plot_precision_recall, plot_success
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.summary import Summary
from xsense_training.evaluate.table import markdown


def report(
    systems: Sequence[str] = (),
    *,
    runs: Path | None = None,
    models: Path | None = None,
    plots: Path | None = None,
) -> Summary:
    """What was measured on the named systems (all where none is named), drawn too if asked.

    Args:
        systems: recipes by name.
        runs: folder of run folders with stored outcomes.
        models: folder of bundles with metrics.json; used where `runs` is not given.
        plots: folder for <system>-bars.png, and from `runs` <system>-precision-recall.png (of
            rankings) or <system>-success.png (of found boxes).

    Raises:
        InputError: neither folder was given, or nothing is found there.
    """
    if runs is not None:
        outcomes = load_outcomes(runs, systems)
        summary = summarise(outcomes)
    elif models is not None:
        outcomes, summary = [], read_models(models, systems)
    else:
        raise InputError('report', None, 'a folder of runs or of bundles', 'give --runs or --from')
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        for system in summary.systems:
            plot_bars(summary.of(system), plots / f'{system}-bars.png')
            own = [o for o in outcomes if o.system == system]
            if not own:  # metrics.json holds no single answers to draw a curve from
                continue
            if isinstance(own[0].results, MatchResults):
                plot_success(own, plots / f'{system}-success.png')
            else:
                plot_precision_recall(own, plots / f'{system}-precision-recall.png')
    return summary


def json_lines(summary: Summary) -> str:
    """One JSON object a row, one row a line."""
    return ''.join(json.dumps(asdict(row)) + '\n' for row in summary.rows)


def write_section(path: Path, system: str, text: str, kind: str = 'results') -> None:
    """Replace what stands between <!-- results:SYSTEM --> and <!-- /results:SYSTEM -->.

    Args:
        path: the document.
        system: name of the section.
        text: what shall stand there.
        kind: the word before the colon.

    Raises:
        InputError: the file does not hold the two markers once, in that order.
    """
    start, end = f'<!-- {kind}:{system} -->', f'<!-- /{kind}:{system} -->'
    found = path.read_text(encoding='utf-8')
    pattern = re.compile(f'{re.escape(start)}.*?{re.escape(end)}', re.DOTALL)
    if len(pattern.findall(found)) != 1 or found.count(start) != 1 or found.count(end) != 1:
        raise InputError(
            f'{kind} section',
            str(path),
            f'{start} and {end}, once each',
            'put the two markers where the table belongs',
        )
    section = f'{start}\n{text.strip()}\n{end}'
    path.write_text(pattern.sub(lambda _: section, found), encoding='utf-8')


def write_sections(
    path: Path, summary: Summary, draw: Callable[[Summary], str] = markdown
) -> list[str]:
    """Renew the table of every system of the summary that the file has a place for.

    A place named after a system that finds boxes and '-constant-box' gets `constant_box_table`.
    """
    text = path.read_text(encoding='utf-8')
    found = dict.fromkeys(summary.systems, draw)
    for system in summary.systems:
        if headline(summary.of(system)) == MATCHED:
            found[f'{system}-constant-box'] = constant_box_table
    renewed = [name for name in found if f'<!-- results:{name} -->' in text]
    for name in renewed:
        write_section(path, name, found[name](summary.of(name.removesuffix('-constant-box'))))
    return renewed
