# SPDX-License-Identifier: Apache-2.0
"""Triplet margin loss on feature maps, with the distance that ranks the gallery.

CrossNet's released code gives maps (B, C, H, W) to a loss that takes the last axis for the vector:
it trains distances between rows of pixels, (B, C, H) of them, and ranks by the cosine of the whole
map. Here the map is one vector of length one, so that training and ranking agree; the released
distance is kept as a switch.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_ros.errors import InputError

MapDistance = Literal['whole map', 'last axis']
_TINY = 1e-6  # added to every difference, as torch's own loss does: the root's slope stays finite


class MapTriplet(nn.Module):
    """Mean of max(0, d(anchor, positive) - d(anchor, negative) + margin).

    Args:
        margin: by which a negative must be farther away than the positive.
        distance: 'whole map': Euclidean distance of unit vectors, a decreasing function of the
            evaluator's cosine; 'last axis': what the released code trains.

    Raises:
        InputError: an unknown distance.
    """

    def __init__(self, margin: float = 1.0, distance: MapDistance = 'whole map') -> None:
        super().__init__()
        if distance not in get_args(MapDistance):
            raise InputError(
                'distance', distance, ' or '.join(get_args(MapDistance)), 'correct the name'
            )
        self.margin, self.distance = margin, distance

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Maps (B, C, H, W), row i of each belonging together -> scalar."""
        near, far = (self.far(anchor, other) for other in (positive, negative))
        return (near - far + self.margin).clamp_min(0).mean()

    def far(self, x: Tensor, y: Tensor) -> Tensor:
        """Distances of row i of x to row i of y: (B,), or (B, C, H) along the last axis."""
        if self.distance == 'whole map':
            x, y = map_vectors(x), map_vectors(y)
        far: Tensor = torch.linalg.vector_norm(x - y + _TINY, dim=-1)
        return far


def map_vectors(maps: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C * H * W) of length one: what is compared by its cosine."""
    return F.normalize(maps.flatten(1), dim=1)
