# SPDX-License-Identifier: Apache-2.0
"""The published network asked in both ways, as a short table: what the leak is worth on data."""

from __future__ import annotations

from xsense_training.data.touch_set import SAME, UNSEEN
from xsense_training.evaluate.summary import Row, Summary
from xsense_training.recipes.crossnet.judging import PUBLISHED
from xsense_training.recipes.crossnet.published import ASKED_WITH_PAIRS, FROM_PAIRS

SECTION = 'crossnet-asked-twice'
_METRIC = 'mAP'
_PAIRS = ('image->touch', 'touch->image')


def asked_table(summary: Summary) -> str | None:
    """One network with pairs and with one sense, beside chance; None where it was not judged."""
    found = {
        (r.split, r.method, r.direction): r
        for r in summary.rows
        if r.metric == _METRIC and r.direction in _PAIRS
    }
    lines = []
    for protocol in (UNSEEN, SAME):
        for split, method in (
            (f'{protocol}, {FROM_PAIRS}', ASKED_WITH_PAIRS),
            (protocol, PUBLISHED),
            (protocol, 'chance'),
        ):
            rows = [row for d in _PAIRS if (row := found.get((split, method, d))) is not None]
            if len(rows) < len(_PAIRS):
                return None
            runs = min(row.runs for row in rows)
            cells = [protocol, str(runs), method, *map(cell, rows)]
            lines.append(f'| {" | ".join(cells)} |')
    return '\n'.join(
        [
            f'| asked about | runs | method | {" | ".join(_PAIRS)} |',
            '| --- | --- | --- | --- | --- |',
            *lines,
            '',
            f'{_METRIC} on simulated touches, mean and 95 % interval over runs (over the '
            'queries of a single run).',
        ]
    )


def cell(row: Row) -> str:
    """Mean and interval of a row; of chance, which is simulated at will, the mean."""
    if row.kind == 'chance' or row.ci_low is None:
        return f'{row.mean:.3f}'
    return f'{row.mean:.3f} ({row.ci_low:.3f}-{row.ci_high:.3f})'
