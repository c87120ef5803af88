# SPDX-License-Identifier: Apache-2.0
"""What TNN-C-CCA found in a fold, as pictures in its run folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_training.data.image import load_image
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.plots import draw_confusion
from xsense_training.evaluate.retrieval_picture import draw_retrieval
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData
from xsense_training.recipes.tnn_c_cca.scoring import Embedded, Heads
from xsense_training.recipes.tnn_c_cca.split import directions, split


def draw_fold(data: AudioVisualData, fold: int, heads: Heads, folder: Path) -> None:
    """Which classes are mistaken for which; and where there are files, queries and answers."""
    test = split(data, fold).test
    embedded = Embedded.of(data, test, heads)
    tasks = [task for _, task in directions(data, test)]

    def similarity(task: Direction) -> NDArray[np.floating]:
        return embedded.similarity(data.of(task.query.modality), task)

    for group, task in directions(data, test):
        asked, held = (data.of(s.modality).label[s.rows] for s in (task.query, task.gallery))
        name = f'confusion-{group}-{task.query.modality}-{task.gallery.modality}.png'
        draw_confusion(similarity(task), asked, held, data.classes, folder / name)
    if not data.image.paths:
        return

    def show(side: Side, number: int) -> NDArray[np.uint8] | str:
        row = int(side.rows[number])
        if side.modality == 'image':
            return load_image(data.image.paths[row])
        return f'[{data.classes[int(data.sound.label[row])]}]'

    draw_retrieval(tasks, similarity, show, folder / 'retrieval.png')
