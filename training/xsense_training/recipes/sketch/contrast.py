# SPDX-License-Identifier: Apache-2.0
"""Training of the production towers: a drawing and two pictures of the same thing attract.

Every step shows random concepts, each by one drawing (a real one or line art made from a picture)
and two pictures, of different styles where there are such; everything else in the batch repels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from xsense_training.features.sketch_set import Bools, Ints, SketchSet
from xsense_training.losses.info_nce import InfoNce
from xsense_training.models.sketch_trunk import SketchTrunk
from xsense_training.recipes.sketch.augment import flip, redraw, repaint
from xsense_training.recipes.sketch.inputs import normalised, pictures, sketches
from xsense_training.training_loop.gather_rows import gather_rows

REAL = 0.5  # share of real drawings where there is made line art too
PLAIN = 0.6  # share of plain views; the rest are scenes
PICTURE_PAIR = 0.5  # weight of picture-picture beside drawing-picture


class ContrastBatch(NamedTuple):
    """Normalised inputs (B, 3, S, S) of the same B concepts, and these concepts (B,)."""

    sketch: Tensor
    first: Tensor
    second: Tensor
    concept: Tensor


class ContrastTask:
    """The trunk, trained by InfoNCE on concepts that may train.

    Args:
        trunk: shared by both modalities.
        samples: all rasters; only those of `train` are ever touched.
        train: (C,) concepts.
        weight: (C,) how often each is drawn, relative to the others.
        styles: picture styles that may train; line art made from another style is left out too.
        scores: validation; must contain 'score'.
        batch: concepts a step.
    """

    def __init__(
        self,
        trunk: SketchTrunk,
        samples: SketchSet,
        train: Bools,
        weight: np.ndarray,
        styles: tuple[int, ...],
        scores: Callable[[], Mapping[str, float]],
        batch: int = 48,
    ) -> None:
        self.trunk, self.samples, self.scores = trunk, samples, scores
        self.nce = InfoNce()
        self.modules = nn.ModuleDict({'trunk': trunk, 'loss': self.nce})
        self.lines = _by_concept(samples.drawing_concept, _allowed(samples, train, styles))
        self.pictures = _by_concept(samples.picture_concept, samples.pictures_of(train, styles))
        self.concepts = np.array(sorted(self.lines.keys() & self.pictures.keys()))
        chances = weight[self.concepts]
        self.chances = chances / chances.sum()
        self.batch = min(batch, len(self.concepts))

    def draw(self, generator: np.random.Generator) -> ContrastBatch:
        """A drawing and two pictures of random concepts, each changed in its own way."""
        chosen = generator.choice(self.concepts, self.batch, replace=False, p=self.chances)
        lines = np.array([self._line(c, generator) for c in chosen])
        shown = np.array([self._pair(c, generator) for c in chosen])
        views = self.samples.picture.shape[1]
        randomness = torch.Generator().manual_seed(int(generator.integers(2**62)))
        mirrored = torch.rand(self.batch, generator=randomness) < 0.5
        drawn = redraw(sketches(self.samples, lines), randomness).expand(-1, 3, -1, -1)
        sides = []
        for rows in shown.T:
            scene = generator.random(self.batch) >= PLAIN
            view = np.where(scene, generator.integers(min(1, views - 1), views, self.batch), 0)
            sides.append(repaint(pictures(self.samples, rows, view), randomness))
        sketch, first, second = (normalised(flip(x, mirrored)) for x in (drawn, *sides))
        return ContrastBatch(sketch, first, second, torch.from_numpy(chosen))

    def loss(self, batch: ContrastBatch) -> tuple[Tensor, Mapping[str, float]]:
        """Drawing against both pictures, and the pictures against each other."""
        seen = torch.cat([batch.sketch, batch.first, batch.second])
        parts = torch.tensor_split(self.trunk.vectors(seen), 3)
        sketch, first, second = (gather_rows(part) for part in parts)
        concept = gather_rows(batch.concept)
        terms = {
            'sketch-image': self.nce(sketch, first, concept) + self.nce(sketch, second, concept),
            'image-image': PICTURE_PAIR * self.nce(first, second, concept),
        }
        total = torch.stack(list(terms.values())).sum()
        return total, {name: float(term.detach()) for name, term in terms.items()}

    def validate(self) -> Mapping[str, float]:
        """Scores of the current towers."""
        return self.scores()

    def _line(self, concept: int, generator: np.random.Generator) -> int:
        rows = self.lines[int(concept)]
        real = rows[self.samples.hand[rows] == 0]
        made = rows[self.samples.hand[rows] > 0]
        take_real = len(real) and (not len(made) or generator.random() < REAL)
        return int(generator.choice(real if take_real else made))

    def _pair(self, concept: int, generator: np.random.Generator) -> tuple[int, int]:
        """Two pictures, of two styles where the concept has two."""
        rows = generator.permutation(self.pictures[int(concept)])
        style = self.samples.style[rows]
        others = rows[style != style[0]]
        if len(others):
            return int(rows[0]), int(others[0])
        return int(rows[0]), int(rows[min(1, len(rows) - 1)])


def _allowed(samples: SketchSet, train: Bools, styles: tuple[int, ...]) -> Ints:
    """Drawings that may train: real ones, and line art made from a style that may."""
    rows = samples.drawings_of(train, real=False)
    return rows[np.isin(samples.hand[rows], (0, *(style + 1 for style in styles)))]


def _by_concept(concept: Ints, rows: Ints) -> dict[int, Ints]:
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(int(concept[row]), []).append(int(row))
    return {owner: np.array(own) for owner, own in found.items()}
