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
    """z = normalise(sum_k p_k w_k), p = softmax(sharpness * logits). (B, F) -> (B, D) unit rows.

    Args:
        classes: the classifier and the word vectors of its names.
        mean: (D,) mean word vector, taken off before the words are brought to length one.
        sharpness: factor on the logits (the inverse of a temperature).
        top: how many of the most probable classes count; 0 for all.
    """

    words: Tensor

    def __init__(
        self, classes: NamedClasses, mean: NDArray[np.floating], sharpness: float, top: int = 0
    ) -> None:
        super().__init__()
        count, size = classes.weight.shape
        self.classifier = nn.Linear(size, count)
        with torch.no_grad():  # the factor is folded into the classifier
            self.classifier.weight.copy_(classes.weight * sharpness)
            self.classifier.bias.copy_(classes.bias * sharpness)
        words = torch.from_numpy(np.asarray(classes.words - mean, dtype=np.float32))
        self.register_buffer('words', F.normalize(words, dim=1))
        self.top = top
        self.normalise = L2Normalise()

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, D)."""
        p = torch.softmax(self.classifier(features), dim=-1)
        if self.top:
            # A step at the least of the top: static shapes, which every runtime takes.
            least = torch.topk(p, self.top, dim=-1).values[:, -1:]
            p = p * (p >= least).to(p.dtype)
        return cast(Tensor, self.normalise(p @ self.words))
