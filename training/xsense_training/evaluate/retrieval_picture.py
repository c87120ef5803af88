# SPDX-License-Identifier: Apache-2.0
"""A picture a person can judge: queries, each beside its top five."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from xsense_training.data.image import load_image
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.features.corpus import Corpus

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

TOP = 5
Similarity = Callable[[Direction], NDArray[np.floating]]


def draw_retrieval(
    corpus: Corpus,
    tasks: Sequence[Direction],
    similarity: Similarity,
    path: Path,
    per_task: int = 3,
    seed: int = 0,
) -> None:
    """Random queries of each direction in the left column, the five best answers beside them.

    Right answers have a green frame. A sound is shown by its name in brackets.
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
        _show(line[0], corpus, task.query, query)
        line[0].set_title(task.name, fontsize=6, loc='left')
        for axis, item in zip(line[1:], best, strict=False):
            _show(axis, corpus, task.gallery, int(item))
            right = bool(task.relevance[query, item])
            for spine in axis.spines.values():
                spine.set(color='tab:green' if right else '0.85', linewidth=3 if right else 1)
        for axis in line[1 + len(best) :]:
            axis.axis('off')
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _show(axis: Axes, corpus: Corpus, side: Side, number: int) -> None:
    axis.set(xticks=[], yticks=[])
    concept = corpus.concepts[side.concept[number]]
    if side.modality == 'image':
        first = int(np.flatnonzero(corpus.image_concept == side.concept[number])[0])
        axis.imshow(load_image(concept.images[int(side.rows[number]) - first]))
        return
    words = concept.texts[0] if side.modality == 'text' else f'[{concept.name}]'
    wrapped = '\n'.join(textwrap.wrap(words, 18)[:5])
    axis.text(0.5, 0.5, wrapped, ha='center', va='center', fontsize=7, transform=axis.transAxes)
    axis.set_box_aspect(1)
