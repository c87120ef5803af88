# SPDX-License-Identifier: Apache-2.0
"""Triplet loss over all triplets of the batch.

Source: Hermans et al. 2017 (arXiv 1703.07737), section 2: batch all, and its average over the
triplets that still cost something. One direction with average='all' equals TripletMarginLoss of
pytorch-metric-learning with a MeanReducer, with 'active' its AvgNonZeroReducer (tested). Ours
exists because theirs builds a (B, M, M) table and anchors one side only, and silently drops the
true pairs where both sides are given the same label tensor.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from xsense_ros.errors import InputError
from xsense_training.losses.distances import Distance
from xsense_training.losses.triplet import Triplet


class TripletBatchAll(Triplet):
    """Mean over triplets (a, p, n) of max(0, d(a, p) - d(a, n) + margin).

    Args:
        margin: see Triplet.
        distance: see Triplet.
        two_way: see Triplet.
        own_pair: see Triplet.
        average: 'active' divides by the triplets that violate the margin, so that the gradient
            does not fade as most are solved; 'all' by all; 'sum' not at all (as published for
            TNN-C-CCA, whose scale then grows with the batch).
    """

    def __init__(
        self,
        margin: float = 0.2,
        distance: Distance = 'squared',
        two_way: bool = True,
        own_pair: bool = True,
        average: Literal['active', 'all', 'sum'] = 'active',
    ) -> None:
        super().__init__(margin, distance, two_way, own_pair)
        if average not in ('active', 'all', 'sum'):
            raise InputError('average', average, "'active', 'all' or 'sum'", 'correct the name')
        self.average = average

    def one_way(self, far: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Distances (A, N), masks (A, N) -> scalar."""
        anchor, partner = positive.nonzero(as_tuple=True)
        violation = far[anchor, partner][:, None] - far[anchor] + self.margin  # (pairs, N)
        counted = negative[anchor]
        loss = violation.clamp_min(0) * counted
        if self.average == 'sum':
            return loss.sum()
        count = (counted & (violation > 0) if self.average == 'active' else counted).sum()
        return loss.sum() / count.clamp_min(1)
