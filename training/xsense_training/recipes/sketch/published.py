# SPDX-License-Identifier: Apache-2.0
"""The published objective, whole: L = L_cmd + L_rcs + L_3lt + L_class, and the class topology.

Source: Chaudhuri et al. 2020. What the released code left out is in (words, both decoders, both
anchors of the triplet), and its hinge acts on every triplet instead of on batch means. The minimum
spanning tree over word distances, meant for a graph network that was never finished, is replaced
by the relation it stands for: similarities between codes follow those between word vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.losses.distillation import topology_kl
from xsense_training.losses.frobenius import alignment, reconstruction
from xsense_training.losses.triplet_semi_hard import TripletSemiHard
from xsense_training.models.cross_coder import Coded, CrossCoder

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Weights:
    """Of the terms of the sum; one each is what was published."""

    alignment: float = 1.0
    reconstruction: float = 1.0
    triplet: float = 1.0
    classification: float = 1.0
    topology: float = 1.0


class PublishedLoss(nn.Module):
    """The weighted sum and its terms by name.

    Args:
        weights: of the terms.
        margin: of the triplet, in squared distance of unit codes.
        temperature: of the class topology.
    """

    def __init__(
        self, weights: Weights | None = None, margin: float = 0.5, temperature: float = 0.1
    ) -> None:
        super().__init__()
        self.weights = weights or Weights()
        self.triplet = TripletSemiHard(margin, distance='squared', two_way=True)
        self.temperature = temperature

    def forward(
        self, coded: Coded, image: Tensor, sketch: Tensor, words: Tensor, labels: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes of a batch, the features (B, F) they were made from, words (B, W), labels (B,)."""
        terms = {
            'alignment': alignment(coded.image, coded.words)
            + alignment(coded.sketch, coded.words),
            'reconstruction': reconstruction(coded.sketch_of_image, sketch)
            + reconstruction(coded.image_of_sketch, image),
            'triplet': self.triplet(coded.image, coded.sketch, labels),
            'classification': F.cross_entropy(coded.classes_of_image, labels)
            + F.cross_entropy(coded.classes_of_sketch, labels),
            'topology': topology_kl(coded.image, words, self.temperature)
            + topology_kl(coded.sketch, words, self.temperature),
        }
        total = torch.stack([getattr(self.weights, name) * term for name, term in terms.items()])
        return total.sum(), terms


class Triads(NamedTuple):
    """A batch of pairs: features (B, F_i), (B, F_s), word vectors (B, W), seen class (B,)."""

    image: Tensor
    sketch: Tensor
    words: Tensor
    labels: Tensor


@dataclass(frozen=True)
class TriadSource:
    """Training rows: features by modality, the class of each, and the words of each class.

    image (N, F_i) with image_label (N,), sketch (M, F_s) with sketch_label (M,), labels being
    rows of words (C, W); every class has both.
    """

    image: Floats
    image_label: Ints
    sketch: Floats
    sketch_label: Ints
    words: Floats


class PublishedTask:
    """Trains a CrossCoder on features of seen classes.

    Args:
        model: the streams.
        source: seen rows only.
        loss: the objective.
        scores: validation; must contain 'score'.
        batch: classes a step, each with one sketch and one picture.
    """

    def __init__(
        self,
        model: CrossCoder,
        source: TriadSource,
        loss: PublishedLoss,
        scores: Callable[[], Mapping[str, float]],
        batch: int = 128,
    ) -> None:
        self.modules = nn.ModuleDict({'model': model})
        self.model, self.source, self.loss_of, self.scores = model, source, loss, scores
        self.batch = min(batch, len(source.words))
        self.rows = {
            'image': _rows(source.image_label, len(source.words)),
            'sketch': _rows(source.sketch_label, len(source.words)),
        }

    def draw(self, generator: np.random.Generator) -> Triads:
        """One sketch and one picture of random classes."""
        chosen = generator.choice(len(self.source.words), self.batch, replace=False)
        image = np.array([generator.choice(self.rows['image'][c]) for c in chosen])
        sketch = np.array([generator.choice(self.rows['sketch'][c]) for c in chosen])
        return Triads(
            torch.from_numpy(self.source.image[image]),
            torch.from_numpy(self.source.sketch[sketch]),
            torch.from_numpy(self.source.words[chosen]),
            torch.from_numpy(chosen),
        )

    def loss(self, batch: Triads) -> tuple[Tensor, Mapping[str, float]]:
        """The published sum on a batch."""
        coded = self.model(batch.image, batch.sketch, batch.words)
        total, terms = self.loss_of(coded, batch.image, batch.sketch, batch.words, batch.labels)
        return total, {name: float(term.detach()) for name, term in terms.items()}

    def validate(self) -> Mapping[str, float]:
        """Scores of the current encoders."""
        return self.scores()


def _rows(labels: Ints, classes: int) -> list[Ints]:
    rows = [np.flatnonzero(labels == label) for label in range(classes)]
    empty = [label for label, found in enumerate(rows) if not len(found)]
    if empty:
        raise ValueError(f'classes {empty} have no sample of one modality')
    return rows
