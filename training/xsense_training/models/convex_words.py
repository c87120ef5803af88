# SPDX-License-Identifier: Apache-2.0
"""ConSE: a picture is the mix of the words of the classes that a classifier sees in it.

Norouzi et al. 2014, "Zero-Shot Learning by Convex Combination of Semantic Embeddings", equations 2
and 3. Nothing is trained: the image network's own classifier gives the probabilities, and the word
vectors of its class names give the place in the space of words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.models.heads import L2Normalise


@dataclass(frozen=True)
class NamedClasses:
    """A classifier on the image trunk's features and what its classes are called.

    weight (K, F), bias (K,); names (K,) and their word vectors, words (K, D), by the text trunk.
    """

    weight: Tensor
    bias: Tensor
    names: tuple[str, ...]
    words: NDArray[np.float32]


class ConvexWordHead(nn.Module):
    """z = normalise(sum_k p_k w_k - c), p = softmax(sharpness * logits). (B, F) -> (B, D) unit.

    The paper keeps the most probable classes only, so that the long tail of the others does not
    pull every picture to the same place. Taking off c, the place of the mean picture, does that
    without a sort; it scored higher on validation (see `centre_on`).

    Args:
        classes: the classifier and the word vectors of its names.
        mean: (D,) mean word vector, taken off before the words are brought to length one.
        sharpness: factor on the logits (the inverse of a temperature).
    """

    words: Tensor

    def __init__(
        self, classes: NamedClasses, mean: NDArray[np.floating], sharpness: float
    ) -> None:
        super().__init__()
        count, size = classes.weight.shape
        self.classifier = nn.Linear(size, count)
        with torch.no_grad():  # the factor is folded into the classifier
            self.classifier.weight.copy_(classes.weight * sharpness)
            self.classifier.bias.copy_(classes.bias * sharpness)
        words = torch.from_numpy(np.asarray(classes.words - mean, dtype=np.float32))
        self.register_buffer('words', F.normalize(words, dim=1))
        self.normalise = L2Normalise()

    def centre_on(self, features: Tensor) -> None:
        """Set c to the mean mix of these pictures, (N, F). It goes into the words: p sums to 1."""
        with torch.no_grad():
            self.words -= self._mix(features).mean(dim=0)

    def _mix(self, features: Tensor) -> Tensor:
        return torch.softmax(self.classifier(features), dim=-1) @ self.words

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, D)."""
        return cast(Tensor, self.normalise(self._mix(features)))
