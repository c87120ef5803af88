# SPDX-License-Identifier: Apache-2.0
"""The trunk that drawings and pictures share: EfficientNet-Lite0 cut early, and their edges.

Cut after stage 5 (stride 16): what is deeper answers "which ImageNet class", what is kept "which
shapes where". Instead of pooling the map away it is narrowed and kept, because where a shape sits
is half of what tells two drawings apart. Beside it goes a HOG vector of the same input.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.models.efficientnet_lite0 import STD, EfficientNetLite0, fold_batch_norm
from xsense_training.models.oriented_gradients import BINS, HogVector, OrientedGradients

BLOCKS = 11  # stem and stages 1 to 5
CHANNELS = 112
FROZEN = 3  # blocks of stages 1 and 2 and the stem: edges and textures, as ImageNet taught them
STRIDE = 16
CELLS = (8, 16, 20)  # grids that do not line up: what one cuts in two, another holds whole


class SketchTrunk(nn.Module):
    """(B, 3, S, S) normalised -> (B, L + H): a learned and a HOG vector, each of length one.

    Args:
        network: with ImageNet weights; its blocks are taken over.
        size: S, a multiple of 16.
        width: channels that the map is narrowed to.
        dimension: L, of the learned vector.
        dropout: share of these channels dropped in training.
    """

    def __init__(
        self,
        network: EfficientNetLite0,
        size: int,
        width: int = 40,
        dimension: int = 256,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if size % STRIDE:
            raise ValueError(f'size {size}: expected a multiple of {STRIDE}')
        front = nn.Sequential(network.stem, *list(network.blocks)[:FROZEN])
        # Statistics of the front never change, so its norms are folded: half the time.
        self.front = fold_batch_norm(front.eval()).requires_grad_(False)
        self.back = nn.Sequential(*list(network.blocks)[FROZEN:BLOCKS])
        for module in self.modules():
            if isinstance(module, nn.ReLU6):
                module.inplace = True
        self.narrow = nn.Sequential(
            nn.Conv2d(CHANNELS, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Dropout2d(dropout),
        )
        self.gradients = OrientedGradients(STD)
        self.hog = HogVector(CELLS)
        self.project = nn.Linear(width * (size // STRIDE) ** 2, dimension)
        self.learned = dimension
        self.edges = sum(BINS * (size // cell) ** 2 for cell in CELLS)

    def train(self, mode: bool = True) -> SketchTrunk:
        """The frozen front keeps the statistics of ImageNet."""
        super().train(mode)
        self.front.eval()
        return self

    def vectors(self, picture: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, L) unit rows: the part that training changes."""
        with torch.no_grad():
            early = self.front(picture)
        return F.normalize(self.project(self.narrow(self.back(early)).flatten(1)), dim=-1)

    def hog_vector(self, picture: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, H) unit rows, fixed."""
        return cast(Tensor, self.hog(self.gradients(picture)))

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, L + H)."""
        return torch.cat([self.vectors(picture), self.hog_vector(picture)], dim=1)


class MixedHead(nn.Module):
    """Trunk features -> unit vectors: the learned vector beside the HOG vector, by share.

    The cosine of two such vectors is (1 - share) of the learned cosine plus share of HOG's. The
    mean HOG vector of the modality is taken off first: it says drawing or picture, not what.

    Args:
        learned: L, leading features.
        edges: H, the features behind them.
    """

    share: Tensor
    centre: Tensor

    def __init__(self, learned: int, edges: int) -> None:
        super().__init__()
        self.learned = learned
        self.register_buffer('share', torch.tensor(0.0))
        self.register_buffer('centre', torch.zeros(edges))

    def forward(self, features: Tensor) -> Tensor:
        """(B, L + H) -> (B, L + H) unit rows."""
        own = features[:, : self.learned]
        edges = F.normalize(features[:, self.learned :] - self.centre, dim=-1)
        return torch.cat([own * (1 - self.share).sqrt(), edges * self.share.sqrt()], dim=1)
