# SPDX-License-Identifier: Apache-2.0
"""A picture a person can judge: queries, each beside its top five."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.direction import Direction, Side

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

TOP = 5
Similarity = Callable[[Direction], NDArray[np.floating]]
# What a row of a side looks like: a picture (H, W, 3) or (H, W) uint8, or words that stand for it.
Show = Callable[[Side, int], NDArray[np.uint8] | str]


def draw_retrieval(
    tasks: Sequence[Direction],
    similarity: Similarity,
    show: Show,
    path: Path,
    per_task: int = 3,
    seed: int = 0,
) -> None:
    """Random queries of each direction in the left column, the five best answers beside them.

    Right answers have a green frame.

    Args:
        tasks: directions of any modalities.
        similarity: direction -> (Q, N) scores.
        show: side and number of one of its rows -> a thumbnail, or a title where there is none.
        path: PNG to write.
        per_task: queries of each direction.
        seed: of their choice.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for task in tasks:
        answerable = np.flatnonzero(task.relevance.any(axis=1))
        chosen = rng.choice(answerable, min(per_task, len(answerable)), replace=False)
        scores = similarity(task)
        rows += [(task, int(q), np.argsort(-scores[q])[:TOP]) for q in sorted(chosen)]
    figure, axes = plt.subplots(len(rows), TOP + 1, figsize=(9, 1.6 * len(rows)), squeeze=False)
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.98, wspace=0.08, hspace=0.25)
    for line, (task, query, best) in zip(axes, rows, strict=True):
        _draw(line[0], show(task.query, query))
        line[0].set_title(task.name, fontsize=6, loc='left')
        for axis, item in zip(line[1:], best, strict=False):
            _draw(axis, show(task.gallery, int(item)))
            right = bool(task.relevance[query, item])
            for spine in axis.spines.values():
                spine.set(color='tab:green' if right else '0.85', linewidth=3 if right else 1)
        for axis in line[1 + len(best) :]:
            axis.axis('off')
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw(axis: Axes, sample: NDArray[np.uint8] | str) -> None:
    axis.set(xticks=[], yticks=[])
    if not isinstance(sample, str):
        axis.imshow(sample, cmap='gray' if sample.ndim == 2 else None)
        return
    wrapped = '\n'.join(textwrap.wrap(sample, 18)[:5])
    axis.text(0.5, 0.5, wrapped, ha='center', va='center', fontsize=7, transform=axis.transAxes)
    axis.set_box_aspect(1)
