# SPDX-License-Identifier: Apache-2.0
"""What senses together are worth, as tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xsense_training.fusion.judging import HONEST, RANKED, RIGHT, STRANGERS, WRONG

SECTION = 'fusion'
_COLUMNS = (*RANKED, RIGHT, WRONG, STRANGERS)


def fusion_table(measured: Mapping[str, Any]) -> str:
    """A table for each question that was asked: every sense alone, and together."""
    return '\n\n'.join(_question(row) for row in measured['results'])


def _question(row: Mapping[str, Any]) -> str:
    asked = '; '.join(f'{sense} asks {_and(own)}' for sense, own in row['targets'].items())
    lines = [
        f'**{row["senses"]}** ({asked}) on {row["data"]}: {row["things"]} things, '
        f'{row["questions"]} questions',
        '',
        f'| asked with | {" | ".join(_COLUMNS)} | {HONEST} |',
        f'| --- |{" --- |" * (len(_COLUMNS) + 1)}',
    ]
    for name, found in row['methods'].items():
        cells = [_interval(found[metric]) if metric in found else '' for metric in _COLUMNS]
        shown = f'**{name}**' if name == 'together' else name
        lines.append(f'| {shown} | {" | ".join(cells)} | {found[HONEST]:.3f} |')
    better, differences = row['better'], row['differences']
    cells = [
        f'{metric} {differences[metric][0]:+.3f} ({differences[metric][1]:+.3f} to '
        f'{differences[metric][2]:+.3f})'
        for metric in RANKED
    ]
    verdict = (
        f'above {better} alone by more than its interval in {_and(row["above"])}'
        if row['above']
        else f'not shown to be above {better} alone'
    )
    tried = ', '.join(f'{rule} {value:.3f}' for rule, value in row['mAP on validation'].items())
    weights = ', '.join(f'{sense} {weight:g}' for sense, weight in row['weights'].items())
    lines += [
        '',
        f'Together minus {better} alone: {"; ".join(cells)}: {verdict}. Rule: {row["rule"]} '
        f'({weights}), by mAP on {row["validation things"]} validation things: {tried}.',
    ]
    return '\n'.join(lines)


def _interval(found: list[float]) -> str:
    return f'{found[0]:.3f} ({found[1]:.3f}-{found[2]:.3f})'


def _and(words: list[str]) -> str:
    return ' and '.join([', '.join(words[:-1]), words[-1]] if words[1:] else words)
