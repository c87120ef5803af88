# SPDX-License-Identifier: Apache-2.0
"""A shading table of one's own from real presses.

The table in the measured files was made from the marked centres and radii. Where those are wrong
(the Mini's) the table is wrong too, and where it was made from the very presses that are to judge
it (the GelSight's) it cannot be judged by them. So a smooth table can be fitted to some of the
presses and judged on the others: the colour change is a polynomial of the skin's normal, whose
coefficients may change over the frame (second degree, as in the measured table).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.gel_table import (
    BINS,
    TABLE_COLUMNS,
    ShadingTable,
    table_of,
)

_DEGREE = 5
_POWERS = (_DEGREE + 1) * (_DEGREE + 2) // 2
# Ridge, relative to the mean square of a term: terms that few presses determine stay small.
_RIDGE = 1e-6


@dataclass(frozen=True)
class Slopes:
    """Skin and colour change of some pixels of a press.

    Attributes:
        slope_x: (N,) float32, rise to the right.
        slope_y: (N,) float32, rise down.
        contact: (N,) float32 in 0..1, see `ShadingTable.shade`.
        position: (N, 2) float32, column and row in the 640x480 frame.
        change: (N, 3) float32.
    """

    slope_x: NDArray[np.float32]
    slope_y: NDArray[np.float32]
    contact: NDArray[np.float32]
    position: NDArray[np.float32]
    change: NDArray[np.float32]


def fit_table(presses: Sequence[Slopes], positional: bool) -> ShadingTable:
    """Least-squares table.

    Args:
        presses: what to fit to.
        positional: let the coefficients change over the frame; needs presses all over it.
    """
    terms = 6 if positional else 1
    wanted = _POWERS * terms
    gram = np.zeros((wanted, wanted))
    moment = np.zeros((wanted, 3))
    for press in presses:
        design = _design(press, terms)
        gram += design.T @ design
        moment += design.T @ press.change
    gram += np.diag(np.diag(gram) * _RIDGE + 1e-9)
    weights = np.asarray(np.linalg.solve(gram, moment), np.float64).reshape(_POWERS, terms, 3)
    return table_of(_as_bins(weights))


def _normal_powers(
    slope_x: NDArray[np.floating], slope_y: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(..., 21): products of powers of the normal's two components in the picture."""
    length = np.sqrt(1.0 + slope_x.astype(np.float64) ** 2 + slope_y.astype(np.float64) ** 2)
    across, down = slope_x / length, slope_y / length
    return np.stack(
        [across**i * down**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)],
        axis=-1,
    )


def _design(press: Slopes, terms: int) -> NDArray[np.float64]:
    """(N, 21 * terms) regressors."""
    powers = _normal_powers(press.slope_x, press.slope_y)
    powers[:, 0] = press.contact  # a resting skin has no colour change
    column, row = (press.position.astype(np.float64) / TABLE_COLUMNS).T
    place = np.stack(
        [column * column, row * row, column * row, column, row, np.ones_like(row)], axis=-1
    )[:, 6 - terms :]
    return np.asarray((powers[:, :, None] * place[:, None, :]).reshape(len(powers), -1))


def _as_bins(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(21, terms, 3) weights as the (125, 125, 3, 6) coefficients of the measured files."""
    tilt = (np.arange(BINS) + 0.5) * (np.pi / 2 / (BINS - 1))
    tilt = np.minimum(tilt, np.radians(89.0))[:, None]
    turn = (np.arange(BINS) + 0.5) * (2 * np.pi / (BINS - 1)) - np.pi
    powers = _normal_powers(np.tan(tilt) * np.cos(turn), np.tan(tilt) * np.sin(turn))
    found = np.einsum('mdp,ptc->mdct', powers, weights)
    terms = found.shape[-1]
    table = np.zeros((BINS, BINS, 3, 6))
    table[..., 6 - terms :] = found
    table[..., :3] /= TABLE_COLUMNS**2
    table[..., 3:5] /= TABLE_COLUMNS
    return table
