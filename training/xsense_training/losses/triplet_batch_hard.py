# SPDX-License-Identifier: Apache-2.0
"""Triplet loss on the hardest positive and the hardest negative of each anchor.

Source: Hermans et al. 2017 (arXiv 1703.07737), equation 5. One direction equals BatchHardMiner
with TripletMarginLoss and a MeanReducer of pytorch-metric-learning (tested); ours exists for both
anchors and for labels of both sides.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xsense_training.losses.triplet import Triplet


class TripletBatchHard(Triplet):
    """Mean over anchors of max(0, max_p d(a, p) - min_n d(a, n) + margin); see Triplet."""

    def one_way(self, far: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Distances (A, N), masks (A, N) -> scalar."""
        complete = positive.any(dim=1) & negative.any(dim=1)
        farthest = torch.where(positive, far, -torch.inf).amax(dim=1)[complete]
        nearest = torch.where(negative, far, torch.inf).amin(dim=1)[complete]
        loss = (farthest - nearest + self.margin).clamp_min(0)
        return loss.mean() if len(loss) else far.sum() * 0
