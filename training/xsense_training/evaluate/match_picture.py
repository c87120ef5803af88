# SPDX-License-Identifier: Apache-2.0
"""A picture a person can judge: templates, where they are, where a matcher says they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

_ROW, _ACROSS = 1.5, 2.6  # inches of a row, of a template with its search
_STRETCHED = (0.5, 99.5)  # percentiles of raw values that are shown as black and white


@dataclass(frozen=True)
class Shown:
    """One search.

    title: what is seen of it in words; template: RGB (T, T, 3); view: (S, S), raw; truth: (4,) in
    pixels of the view, None where the target is not there; found: (4,), None where the matcher
    says that it is not there; right: whether that is so.
    """

    title: str
    template: NDArray[np.uint8]
    view: NDArray[Any]
    truth: NDArray[np.float64] | None
    found: NDArray[np.float64] | None
    right: bool


def draw_searches_found(shown: Sequence[Shown], path: Path, across: int = 4) -> None:
    """A grid of searches, each its template and its view; truth dashed white, answers in colour.

    Green: right (a box that overlaps by half or more, or rightly nothing); red: wrong.
    """
    down = -(-len(shown) // across)
    figure, axes = plt.subplots(
        down,
        2 * across,
        figsize=(_ACROSS * across, _ROW * down + 0.1),
        squeeze=False,
        width_ratios=[1, 2] * across,
        layout='constrained',
    )
    for axis in axes.ravel():
        axis.axis('off')
    cells = axes.reshape(-1, 2)
    for (left, right), search in zip(cells, shown, strict=False):
        left.imshow(_stretched(search.template))
        left.set_title(search.title, fontsize=5, loc='left')
        right.imshow(_stretched(search.view), cmap='gray', vmin=0, vmax=1)
        colour = 'limegreen' if search.right else 'red'
        if search.truth is not None:
            _box(right, search.truth, 'white', '--')
        if search.found is not None:
            _box(right, search.found, colour, '-')
        said = 'found' if search.found is not None else 'not found'
        right.set_title(said, fontsize=6, color=colour)
    figure.savefig(path, dpi=100, pil_kwargs={'quality': 72})
    plt.close(figure)


def _stretched(image: NDArray[Any]) -> NDArray[np.float64]:
    """Raw values to 0..1: pictures from far away are dark, raw counts have any level."""
    low, high = np.percentile(image, _STRETCHED)
    return np.asarray(np.clip((image - low) / max(high - low, 1e-6), 0, 1), np.float64)


def _box(axis: Axes, box: NDArray[np.float64], colour: str, style: str) -> None:
    left, top, width, height = (float(v) for v in box)
    axis.add_patch(
        # Pixel i covers [i, i + 1) here and [i - 0.5, i + 0.5) in a plot.
        Rectangle((left - 0.5, top - 0.5), width, height, fill=False, color=colour, ls=style, lw=1)
    )
