# SPDX-License-Identifier: Apache-2.0
"""Training tasks of TNN-C-CCA: the published triplets, deep CCA, and the corrected network."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.data.samples import Samples
from xsense_training.losses.triplet import Triplet
from xsense_training.recipes.tnn_c_cca.data import MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.split import Part, known_labels
from xsense_training.samplers import ClassBalanced

Ints = NDArray[np.int64]
Validate = Callable[[], float]
Batch = tuple[Tensor, Tensor, Tensor]


class VideoTask:
    """Networks of sound and image on random mini-batches of videos (rows that are pairs).

    Args:
        branches: module per modality, features (B, F) -> (B, K).
        x: sounds; y: pictures, row i of both is one video.
        loss: of (sound rows, image rows, labels).
        validate: score of the current branches.
        batch: videos per step.
    """

    def __init__(
        self,
        branches: Mapping[str, nn.Module],
        x: Samples,
        y: Samples,
        loss: Callable[[Tensor, Tensor, Tensor], Tensor],
        validate: Validate,
        batch: int = 45,
    ) -> None:
        self.modules = nn.ModuleDict(branches)
        self.rows = tuple(
            torch.from_numpy(np.ascontiguousarray(s.features, dtype=np.float32)) for s in (x, y)
        )
        self.labels = torch.from_numpy(x.label)
        self.compare, self.score = loss, validate
        self.batch = min(batch, len(x))

    def draw(self, generator: np.random.Generator) -> Batch:
        """Sound rows (B, F), image rows (B, G), labels (B,)."""
        chosen = torch.from_numpy(generator.choice(len(self.labels), self.batch, replace=False))
        return self.rows[0][chosen], self.rows[1][chosen], self.labels[chosen]

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        """The loss of a batch."""
        sound, image, labels = batch
        value = self.compare(self.modules['sound'](sound), self.modules['image'](image), labels)
        return value, {'loss of pairs': float(value.detach())}

    def validate(self) -> Mapping[str, float]:
        """Score on validation data."""
        return {'score': self.score()}


def published_triplets(loss: Triplet) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Sounds as anchors on raw outputs: the partner itself is no positive of its sound.

    The outputs are not of length one, so that this distance is not the evaluator's: as published.
    """

    def compare(sound: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        far = torch.cdist(sound, image).square()
        same = labels[:, None] == labels[None, :]
        own = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        return loss.one_way(far, same & ~own, ~same)

    return compare


class ClassTask:
    """Branches of both modalities, class-balanced: a metric loss and shared class directions.

    Every step draws P classes and, of each, K sounds and K pictures in random views. The metric
    loss compares unit vectors across modalities; a cosine classifier whose class directions both
    modalities share keeps the classes apart.

    Args:
        branches: module per modality, features (B, F) -> unit vectors (B, D).
        data: all samples.
        part: training rows.
        metric: loss of (sound vectors, image vectors, labels), a module.
        validate: score of the current branches.
        dimension: D.
        share: weight of the classifier's cross-entropy beside the metric loss.
        classes: P, at most all; samples: K.
    """

    def __init__(
        self,
        branches: Mapping[str, nn.Module],
        data: AudioVisualData,
        part: Part,
        metric: nn.Module,
        validate: Validate,
        dimension: int,
        share: float = 1.0,
        classes: int = 10,
        samples: int = 8,
    ) -> None:
        self.data, self.part, self.score, self.share = data, part, validate, share
        classes = min(classes, len(known_labels(data, part)))
        self.samplers = {
            m: ClassBalanced(data.of(m).label[part.of(m)], classes, samples) for m in MODALITIES
        }
        directions = torch.randn(len(data.classes), dimension)
        self.modules = nn.ModuleDict(
            {**branches, 'metric': metric, 'classes': ClassDirections(directions)}
        )

    def draw(self, generator: np.random.Generator) -> Batch:
        """Sound rows (P K, F), image rows (P K, G) of the same classes, labels (P K,)."""
        classes = self.samplers['sound'].choose(generator)
        rows = []
        for modality in MODALITIES:
            bank = self.data.of(modality)
            chosen = self.part.of(modality)[self.samplers[modality].draw(generator, classes)]
            views = generator.integers(0, bank.features.shape[1], len(chosen))
            features = bank.features[chosen, views].astype(np.float32)
            rows.append(torch.from_numpy(features))
        return rows[0], rows[1], torch.from_numpy(self.data.image.label[chosen])

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        """Metric loss and cross-entropies of a batch."""
        sound, image, labels = batch
        vectors = [self.modules['sound'](sound), self.modules['image'](image)]
        metric = self.modules['metric'](*vectors, labels)
        guesses = [self.modules['classes'](v) for v in vectors]
        crossed = sum(F.cross_entropy(g, labels, label_smoothing=0.1) for g in guesses)
        crossed = torch.as_tensor(crossed) / len(guesses)
        parts = {'metric': float(metric.detach()), 'classes': float(crossed.detach())}
        return metric + self.share * crossed, parts

    def validate(self) -> Mapping[str, float]:
        """Score on validation data."""
        return {'score': self.score()}


class ClassDirections(nn.Module):
    """Cosine classifier with a trained scale: unit vectors (B, D) -> logits (B, C)."""

    def __init__(self, directions: Tensor) -> None:
        super().__init__()
        self.directions = nn.Parameter(F.normalize(directions, dim=-1))
        self.log_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, vectors: Tensor) -> Tensor:
        """(B, D) -> (B, C)."""
        logits: Tensor = vectors @ F.normalize(self.directions, dim=-1).T
        return logits * self.log_scale.exp().clamp(max=30)
