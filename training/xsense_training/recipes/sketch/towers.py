# SPDX-License-Identifier: Apache-2.0
"""The production towers as they are used: one trunk, a head per modality, rasters to vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.features.sketch_set import Ints, SketchSet
from xsense_training.models.efficientnet_lite0 import EfficientNetLite0, load_imagenet
from xsense_training.models.sketch_trunk import MixedHead, SketchTrunk
from xsense_training.recipes.sketch.inputs import normalised, pictures, sketches

Floats = NDArray[np.float32]
MODALITIES = ('sketch', 'image')
_ROWS = 64


@dataclass(frozen=True)
class Towers:
    """trunk: rasters to features; heads: by modality, features to unit vectors."""

    trunk: SketchTrunk
    heads: Mapping[str, MixedHead]

    @classmethod
    def build(cls, weights: Path | None, size: int, width: int, dimension: int) -> Towers:
        """Towers before training: ImageNet's weights, a random projection.

        Args:
            weights: ImageNet weights of EfficientNet-Lite0; None where they are loaded later.
            size: side of the input in pixels.
            width: channels of the narrowed map.
            dimension: of the learned vector.
        """
        network = load_imagenet(weights) if weights is not None else EfficientNetLite0()
        trunk = SketchTrunk(network, size, width, dimension)
        heads = {m: MixedHead(trunk.learned, trunk.edges) for m in MODALITIES}
        return cls(trunk.eval(), heads)

    @property
    def modules(self) -> nn.ModuleDict:
        """All weights: trunk and heads."""
        return nn.ModuleDict({'trunk': self.trunk, **self.heads})

    def features(self, x: Tensor) -> Tensor:
        """(N, 3, S, S) in [0, 1] -> (N, L + H), in eval mode."""
        self.trunk.eval()
        with torch.no_grad():
            parts = [self.trunk(normalised(rows)) for rows in torch.split(x, _ROWS)]
        return torch.cat(parts)

    def head(self, modality: str, features: Tensor) -> Floats:
        """(N, L + H) -> (N, D) unit vectors, in eval mode."""
        with torch.no_grad():
            return np.asarray(self.heads[modality].eval()(features).numpy(), np.float32)

    def look(self, modality: str, samples: SketchSet, rows: Ints, view: int = 0) -> Tensor:
        """Features (N, L + H) of drawings or pictures; view 0 is plain, others are scenes."""
        if modality == 'sketch':
            return self.features(sketches(samples, rows).expand(-1, 3, -1, -1))
        return self.features(pictures(samples, rows, view))

    def sketch(self, samples: SketchSet, rows: Ints) -> Floats:
        """Vectors (N, D) of drawings."""
        return self.head('sketch', self.look('sketch', samples, rows))

    def image(self, samples: SketchSet, rows: Ints, view: int = 0) -> Floats:
        """Vectors (N, D) of pictures in the given view."""
        return self.head('image', self.look('image', samples, rows, view))
