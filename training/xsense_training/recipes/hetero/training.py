# SPDX-License-Identifier: Apache-2.0
"""Training of a matcher: drawn searches, a loss, a score on fixed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from xsense_training.data.registered_pair import PairSet
from xsense_training.losses.matcher_loss import LossConfig, MatcherLoss
from xsense_training.models.hetero_lite import HeteroLite, Kept, Seen
from xsense_training.models.hetero_matcher import Cells
from xsense_training.recipes.hetero.asking import as_locate
from xsense_training.recipes.hetero.draws import Batch, DrawConfig, draw_batch
from xsense_training.recipes.hetero.judging import judge_matchers
from xsense_training.recipes.hetero.protocol import Search
from xsense_training.recipes.hetero.sources import Rng, Sources


class MatcherTask:
    """What the training loop asks for; see `training_loop.task.Task`."""

    def __init__(
        self,
        matcher: nn.Module,
        sources: Sources,
        draws: DrawConfig,
        loss: LossConfig,
        validation: Sequence[tuple[str, PairSet, Sequence[Search]]],
    ) -> None:
        self.modules = matcher
        self.sources, self.draws, self.validation = sources, draws, validation
        self.criterion = MatcherLoss(loss)

    def draw(self, generator: Rng) -> Batch:
        """A batch of random searches."""
        return draw_batch(self.sources, self.draws, generator)

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        """Loss of a batch and its parts.

        A matcher that can look once and compare twice is asked some of the templates of other
        rows besides: nothing teaches better what is not there, at half the price.
        """
        if not isinstance(self.modules, HeteroLite):
            cells: Cells = self.modules(batch.template, batch.search)
            return self.criterion.forward(cells, batch.boxes, batch.present)
        kept = self.modules.encode_template(batch.template)
        seen = self.modules.look(batch.search)
        # Row n is asked for the template of row n - 1. All of it is one batch: norms that saw
        # searches without a template apart would tell them by their statistics.
        rows = torch.arange(len(batch.present), device=batch.present.device)
        asked = rows[batch.foreign.roll(1)]
        searched, shown = torch.cat([rows, asked]), torch.cat([rows, asked - 1])
        cells, places = self.modules.compare(
            Seen(*(tensor[searched] for tensor in seen)), Kept(*(tensor[shown] for tensor in kept))
        )
        present = torch.cat([batch.present, torch.zeros_like(batch.present[asked])])
        return self.criterion.forward(cells, batch.boxes[searched], present, places[: len(rows)])

    def validate(self) -> Mapping[str, float]:
        """Scores on the fixed searches, and the mean of all of them."""
        found, look = {}, self.draws.look
        for name, pairs, searches in self.validation:
            results = judge_matchers(pairs, searches, {'': as_locate(self.modules, look)}, look)[
                ''
            ]
            found[f'{name}_hit'] = results.value('hit@5px')
            found[f'{name}_iou'] = results.value('mIoU')
            found[f'{name}_p7'] = results.value('P0.7')
            found[f'{name}_fa'] = results.value('FA@95')
        good = [1 - v if k.endswith('_fa') else v for k, v in found.items()]
        return {'score': float(np.mean(good)), **found}
