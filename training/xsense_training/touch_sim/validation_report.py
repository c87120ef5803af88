# SPDX-License-Identifier: Apache-2.0
"""The comparison with real presses as a table, a JSON file and a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from xsense_training.touch_sim.gel_contact import DRAG_MM
from xsense_training.touch_sim.gel_presses import resting_frame
from xsense_training.touch_sim.sensor_unit import COLUMNS, MM_PER_PIXEL, ROWS, SensorUnit
from xsense_training.touch_sim.validation import (
    GELSIGHT_BALL_MM,
    MINI,
    Judged,
    judge_gelsight,
    judge_mini,
    simple_use,
)

AIM_MEAN, AIM_MINIMUM = 0.85, 0.70
_UNITS = 32
_SHOWN = 3
_HALF = 60


def report(docs: Path, root: Path | None = None) -> dict[str, Any]:
    """Judge all presses, print the table, write `touch_sim.json` and `touch_sim.jpg`.

    Args:
        docs: folder of both files.
        root: data root.

    Returns:
        What the JSON file holds.

    Raises:
        InputError: the measured files are not fetched (`xsense-train data fetch gel`).
    """
    gelsight, mini = judge_gelsight(root), judge_mini(root)
    own = judge_gelsight(root, own_table=True)
    rows = {
        'GelSight, measured table': _halves(gelsight),
        'GelSight, table of one half': _halves(own),
        'GelSight Mini, table of one half': _halves(mini),
        'all 72, first and third table': _halves([*gelsight, *mini]),
        'all 72, tables of one half': _halves([*own, *mini]),
    }
    simple = {
        sensor: {'mean': float(np.mean(found)), 'minimum': float(np.min(found))}
        for sensor, found in (
            ('GelSight', simple_use('gelsight', root)),
            ('GelSight Mini', simple_use('gelsight_mini', root)),
        )
    }
    found: dict[str, Any] = _rounded(
        {
            'aims': {'mean': AIM_MEAN, 'minimum': AIM_MINIMUM},
            'constants': {
                'gelsight_ball_mm': GELSIGHT_BALL_MM,
                'gelsight_drag_mm': DRAG_MM,
                'mini': asdict(MINI),
            },
            'rows': rows,
            'simple use of the measured tables': simple,
            'marked centre to picture centre, mm': {
                'GelSight': _centre_distance(gelsight),
                'GelSight Mini': _centre_distance(mini),
            },
            'frames without contact': _frames_without_contact(root),
        }
    )
    docs.mkdir(parents=True, exist_ok=True)
    (docs / 'touch_sim.json').write_text(json.dumps(found, indent=1) + '\n')
    _print(found)
    _draw(docs / 'touch_sim.jpg', gelsight, mini, root)
    return found


def _halves(judged: Sequence[Judged]) -> dict[str, dict[str, float | int | None]]:
    return {
        'all': _summary(judged),
        'fitted': _summary([press for press in judged if not press.held_out]),
        'held out': _summary([press for press in judged if press.held_out]),
    }


def _summary(judged: Sequence[Judged]) -> dict[str, float | int | None]:
    depths = [abs(j.depth_error_mm) for j in judged if j.depth_error_mm is not None]
    radii = np.array([press.radius_error_mm for press in judged])
    inside = [press.inside for press in judged]
    return {
        'presses': len(judged),
        'inside mean': float(np.mean(inside)),
        'inside minimum': float(np.min(inside)),
        'around mean': float(np.mean([press.around for press in judged])),
        'around minimum': float(np.min([press.around for press in judged])),
        'explained mean': float(np.mean([press.explained for press in judged])),
        'radius error mm': float(np.abs(radii).mean()),
        'radius bias mm': float(radii.mean()),
        'depth error mm': float(np.mean(depths)) if depths else None,
    }


def _centre_distance(judged: Sequence[Judged]) -> dict[str, float]:
    apart = [np.hypot(*(j.press.centre - j.press.marked)) * MM_PER_PIXEL for j in judged]
    return {'median': float(np.median(apart)), 'largest': float(np.max(apart))}


def _frames_without_contact(root: Path | None) -> dict[str, Any]:
    """How far sensors lie apart: the two real ones, and simulated units."""

    def look(frame: NDArray[np.float32]) -> dict[str, list[float]]:
        light = cv2.GaussianBlur(frame, (0, 0), 12)
        fine = cv2.GaussianBlur(frame, (0, 0), 2) - light
        return {
            'mean': frame.mean(axis=(0, 1)).tolist(),
            'spread of light': light.std(axis=(0, 1)).tolist(),
            'spread of folds': fine.std(axis=(0, 1)).tolist(),
        }

    units = [look(SensorUnit.draw(seed).resting) for seed in range(_UNITS)]
    means = np.array([unit['mean'] for unit in units])
    return {
        'GelSight': look(resting_frame('gelsight', root)),
        'GelSight Mini': look(resting_frame('gelsight_mini', root)),
        f'{_UNITS} simulated units, mean': {
            key: np.mean([unit[key] for unit in units], axis=0).tolist() for key in units[0]
        },
        'standard deviation of the mean between units': means.std(axis=0, ddof=1).tolist(),
        'standard deviation between the two real ones': (
            np.abs(
                resting_frame('gelsight', root).mean(axis=(0, 1))
                - resting_frame('gelsight_mini', root).mean(axis=(0, 1))
            )
            / np.sqrt(2)
        ).tolist(),
    }


def _print(found: dict[str, Any]) -> None:
    table = Table(title='Simulated presses against the real ones')
    for heading in (
        'table', 'presses', 'inside: mean', 'least', 'around: mean', 'least',
        'explained', 'radius error mm', 'bias mm', 'depth error mm',
    ):  # fmt: skip
        table.add_column(heading)
    for name, halves in found['rows'].items():
        for half, row in halves.items():
            cells = ['' if value is None else f'{value:.3f}' for value in list(row.values())[1:]]
            table.add_row(name, f'{half}, {row["presses"]}', *cells)
    for sensor, row in found['simple use of the measured tables'].items():
        bar = (f'{row["mean"]:.3f}', f'{row["minimum"]:.3f}')
        table.add_row(f'{sensor}, simple use', 'all', *bar, '', '', '', '', '', '')
    console = Console(width=160)
    console.print(table)
    whole = found['rows']['all 72, tables of one half']['held out']
    console.print(
        f'Aim inside the contact: mean {AIM_MEAN:.2f}, least {AIM_MINIMUM:.2f}; reached on '
        f'presses that nothing was fitted to: {whole["inside mean"]:.3f}, '
        f'{whole["inside minimum"]:.3f}.'
    )


def _draw(
    path: Path, gelsight: Sequence[Judged], mini: Sequence[Judged], root: Path | None
) -> None:
    """Real and simulated frames and colour changes of held-out presses, side by side."""
    columns: list[tuple[str, list[NDArray[np.uint8]]]] = []
    for name, judged, resting in (
        ('GelSight', gelsight, resting_frame('gelsight', root)),
        ('Mini', mini, resting_frame('gelsight_mini', root)),
    ):
        held_out = [press for press in judged if press.held_out]
        for press in held_out[:: max(len(held_out) // _SHOWN, 1)][:_SHOWN]:
            pictures = [
                press.press.frame,
                press.simulated,
                press.press.change + 128,
                press.simulated - resting + 128,
            ]
            place = np.rint(press.press.marked if name == 'GelSight' else press.press.centre)
            label = f'{name} {press.press.index}\nr {press.inside:.3f}'
            columns.append((label, [_cut(picture, place) for picture in pictures]))
    figure = Figure(figsize=(1.7 * len(columns), 7.2), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(4, len(columns))
    for column, (label, cuts) in enumerate(columns):
        for row, (cut, side) in enumerate(
            zip(cuts, ('real', 'simulated', 'real change', 'simulated change'), strict=True)
        ):
            axis = axes[row, column]
            axis.imshow(cut)
            axis.set_xticks([])
            axis.set_yticks([])
            if column == 0:
                axis.set_ylabel(side)
            if row == 0:
                axis.set_title(label, fontsize=9)
    figure.savefig(path, dpi=120, pil_kwargs={'quality': 88})


def _cut(picture: NDArray[np.float32], place: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The 7 mm around the contact, as far as the frame has them."""
    column, row = place.astype(int).tolist()
    left = min(max(column - _HALF, 0), COLUMNS - 2 * _HALF)
    top = min(max(row - _HALF, 0), ROWS - 2 * _HALF)
    cut = picture[top : top + 2 * _HALF, left : left + 2 * _HALF]
    return np.rint(np.clip(cut, 0, 255)).astype(np.uint8)


def _rounded(value: Any) -> Any:
    """All numbers to four digits after the point, so that the file can be read."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value
