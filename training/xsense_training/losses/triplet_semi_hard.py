# SPDX-License-Identifier: Apache-2.0
"""Triplet loss with one semi-hard negative for each positive pair.

Source: Schroff et al. 2015 (arXiv 1503.03832), section 3.2: among the negatives farther away than
the positive the nearest one; where there is none, the farthest of all, the least hard that is
left. pytorch-metric-learning has no equal: its TripletMarginMiner('semihard') keeps every negative
inside the margin, and its BatchEasyHardMiner mines one positive an anchor.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xsense_training.losses.triplet import Triplet


class TripletSemiHard(Triplet):
    """Mean over positive pairs (a, p) of max(0, d(a, p) - d(a, n) + margin); see Triplet."""

    def one_way(self, far: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Distances (A, N), masks (A, N) -> scalar."""
        anchor, partner = (positive & negative.any(dim=1)[:, None]).nonzero(as_tuple=True)
        if not len(anchor):
            return far.sum() * 0
        paired, others, counted = far[anchor, partner], far[anchor], negative[anchor]
        semi_hard = counted & (others > paired[:, None])
        nearest = torch.where(semi_hard, others, torch.inf).amin(dim=1)
        farthest = torch.where(counted, others, -torch.inf).amax(dim=1)
        chosen = torch.where(semi_hard.any(dim=1), nearest, farthest)
        return (paired - chosen + self.margin).clamp_min(0).mean()
