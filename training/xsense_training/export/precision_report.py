# SPDX-License-Identifier: Apache-2.0
"""What was measured of every bundle at every precision, kept as JSON and shown as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xsense_training.export.precision_drift import Measured

SECTION = 'precision'  # markers of the table


@dataclass(frozen=True)
class Row:
    """One bundle at one precision.

    models: what is converted; bytes, bytes_in_fp32: of all models; mean, least: agreement with
    fp32, cosine of vectors or overlap of boxes (of the modality that drifts most, of any sample);
    points: worst change of mAP, or of the share of right answers; samples: of all modalities;
    ratios: of CPU time to ONNX Runtime in fp32, by backend ('*': with the lower
    file); refused: what the gate said, if it did.
    """

    bundle: str
    precision: str
    models: tuple[str, ...]
    bytes: int
    bytes_in_fp32: int
    mean: float
    least: float
    points: float
    samples: int
    ratios: Mapping[str, float] = field(default_factory=dict)
    refused: str = ''


def row(
    bundle: str,
    precision: str,
    models: tuple[str, ...],
    sizes: tuple[int, int],
    measured: Measured,
    ratios: Mapping[str, float],
    refused: str,
) -> Row:
    """A row of what was measured; `sizes` in bytes, now and in fp32."""
    return Row(
        bundle,
        precision,
        models,
        *sizes,
        round(measured.mean, 5),
        round(measured.least, 5),
        round(measured.points, 2),
        sum(one.samples for one in measured.drift.values()),
        ratios,
        refused,
    )


def read_rows(path: Path) -> list[Row]:
    """What the file holds; nothing where there is none."""
    if not path.exists():
        return []
    return [
        Row(**{**one, 'models': tuple(one['models'])})
        for one in json.loads(path.read_text(encoding='utf-8'))
    ]


def add_row(path: Path, new: Row) -> None:
    """Write it in the place of an older row of the same bundle and precision."""
    rows = {(one.bundle, one.precision): one for one in (*read_rows(path), new)}
    ordered = [asdict(rows[key]) for key in sorted(rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ordered, indent=1) + '\n', encoding='utf-8')


def table(rows: list[Row]) -> str:
    """Markdown."""
    backends = list(dict.fromkeys(name for one in rows for name in one.ratios))
    head = ('bundle', 'precision', 'models', 'agreement: mean', 'least', 'points', 'MB (fp32)')
    lines = [
        '| ' + ' | '.join((*head, *backends, 'gate')) + ' |',
        '|' + '---|' * 3 + '---:|' * (len(head) - 3 + len(backends)) + '---|',
    ]
    for one in rows:
        cells = (
            one.bundle,
            one.precision,
            ', '.join(one.models),
            f'{one.mean:.4f}',
            f'{one.least:.4f}',
            f'{one.points:+.2f}',
            f'{one.bytes / 1e6:.2f} ({one.bytes_in_fp32 / 1e6:.2f})',
            *(f'{one.ratios[name]:.2f}' if name in one.ratios else '' for name in backends),
            'refused' if one.refused else 'passed',
        )
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)
