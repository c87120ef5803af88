# SPDX-License-Identifier: Apache-2.0
"""Training by contrast: samples of one object attract in every pair of senses.

Every step draws P objects with K samples of each sense, in random views. All pairs of senses are
compared both ways by InfoNCE, where samples of the same object are never negatives of each other;
each sense is compared with itself, one half of its samples with the other. A sense is left out of
a step by chance, so that no pair of senses is learned at the cost of another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor, nn

from xsense_training.losses.info_nce import InfoNce
from xsense_training.recipes.crossnet.data import Ints
from xsense_training.samplers import ClassBalanced
from xsense_training.training_loop.gather_rows import gather_rows

Batch = dict[str, Tensor]
# Rows of a sense and a generator -> the inputs of its tower, (B, ...), each in a random view.
Source = Callable[[Ints, np.random.Generator], Tensor]
OWNER = 'object of '


@dataclass(frozen=True)
class Contrast:
    """objects: P; samples: K, even; within: weight of the terms within a sense.

    left_out: chance that one of three senses is left out of a step; temperature: of InfoNCE at
    the start.
    """

    objects: int = 48
    samples: int = 4
    within: float = 0.25
    left_out: float = 0.3
    temperature: float = 0.1


class SensesTask:
    """Towers of all senses on training rows.

    Args:
        towers: by sense, (B, ...) -> (B, D) unit rows.
        sources: by sense, what they are fed.
        rows: by sense, those that train.
        object_of: by sense, (N,).
        scores: validation; must contain 'score'.
        contrast: what a step compares.
    """

    def __init__(
        self,
        towers: Mapping[str, nn.Module],
        sources: Mapping[str, Source],
        rows: Mapping[str, Ints],
        object_of: Mapping[str, Ints],
        scores: Callable[[], Mapping[str, float]],
        contrast: Contrast,
    ) -> None:
        self.nce = InfoNce(contrast.temperature)
        self.modules = nn.ModuleDict({**towers, 'loss': self.nce})
        self.towers, self.sources, self.rows = dict(towers), dict(sources), dict(rows)
        self.object_of, self.scores, self.contrast = dict(object_of), scores, contrast
        owners = {s: object_of[s][rows[s]] for s in towers}
        self.objects = np.array(
            sorted(set.intersection(*(set(o.tolist()) for o in owners.values())))
        )
        self.count = min(contrast.objects, len(self.objects))
        self.samplers = {
            s: ClassBalanced(own, self.count, contrast.samples) for s, own in owners.items()
        }

    def draw(self, generator: np.random.Generator) -> Batch:
        """Sense -> inputs (P K, ...) and the objects (P K,) of its rows, but for one left out."""
        chosen = generator.choice(self.objects, self.count, replace=False)
        senses = list(self.towers)
        left_out = ''
        if len(senses) > 2 and generator.random() < self.contrast.left_out:
            left_out = senses[generator.integers(len(senses))]
        batch: Batch = {}
        for sense in senses:
            rows = self.rows[sense][self.samplers[sense].draw(generator, chosen)]
            if sense != left_out:
                batch[sense] = self.sources[sense](rows, generator)
                batch[OWNER + sense] = torch.from_numpy(self.object_of[sense][rows])
        return batch

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        """Terms of all pairs of the senses that are there, and of each with itself."""
        vectors = {s: self.towers[s](batch[s]) for s in self.towers if s in batch}
        terms = self.terms(vectors, batch)
        total = torch.stack(list(terms.values())).sum()
        return total, {name: float(term.detach()) for name, term in terms.items()}

    def terms(self, vectors: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Between senses and within them, over the rows of all processes."""
        found = {s: gather_rows(rows) for s, rows in vectors.items()}
        owner = {s: gather_rows(batch[OWNER + s]) for s in vectors}
        between = [
            self.nce(found[a], found[b], owner[a], owner[b]) for a, b in combinations(found, 2)
        ]
        within = [
            self.nce(rows[::2], rows[1::2], owner[s][::2], owner[s][1::2])
            for s, rows in found.items()
        ]
        return {
            'between': torch.stack(between).mean(),
            'within': self.contrast.within * torch.stack(within).mean(),
        }

    def validate(self) -> Mapping[str, float]:
        """Scores of the current towers."""
        return self.scores()
