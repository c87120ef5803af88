# SPDX-License-Identifier: Apache-2.0
"""What every triplet loss shares: unit rows, the distance, who is whose positive, both anchors."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from xsense_training.losses.distances import Distance, pairwise_distance, require_distance
from xsense_training.losses.unit_rows import require_unit_rows


class Triplet(nn.Module, ABC):
    """Anchors in one modality, positives and negatives in the other.

    forward(x, y, labels_x, labels_y=None): x (B, D) and y (M, D) unit rows, integer labels (B,)
    and (M,) -> scalar, the mean of both directions; zero (with gradients of zero) where the batch
    has no triplet. Every triplet is judged by itself: a hinge on batch means would let easy
    triplets pay for hard ones.

    Args:
        margin: by which a negative must be farther away than a positive.
        distance: 'squared' (the published one of most systems), 'euclidean' or 'cosine'.
        two_way: also with anchors in y; otherwise x alone asks.
        own_pair: whether row i of y is a positive of row i of x; without it only other members of
            the class are (only where labels_y is left out).
    """

    def __init__(
        self,
        margin: float = 0.2,
        distance: Distance = 'squared',
        two_way: bool = True,
        own_pair: bool = True,
    ) -> None:
        super().__init__()
        require_distance(distance)
        self.margin, self.distance = margin, distance
        self.two_way, self.own_pair = two_way, own_pair

    def forward(
        self, x: Tensor, y: Tensor, labels_x: Tensor, labels_y: Tensor | None = None
    ) -> Tensor:
        """(B, D), (M, D), (B,), (M,) -> scalar."""
        require_unit_rows(x=x, y=y)
        far = pairwise_distance(x, y, self.distance)
        same = labels_x[:, None] == (labels_x if labels_y is None else labels_y)[None, :]
        positive = same
        if not self.own_pair and labels_y is None:
            positive = same & ~torch.eye(len(x), dtype=torch.bool, device=same.device)
        loss = self.one_way(far, positive, ~same)
        if self.two_way:
            loss = 0.5 * (loss + self.one_way(far.T, positive.T, ~same.T))
        return loss

    @abstractmethod
    def one_way(self, far: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Distances (A, N) of anchors to candidates, masks (A, N) -> scalar."""
