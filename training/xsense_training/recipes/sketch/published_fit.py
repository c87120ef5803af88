# SPDX-License-Identifier: Apache-2.0
"""The published variant from start to end: extractors of seen classes, then the cross coder.

Stage I: one classifier of the seen subgroups per modality, on the frozen shared trunk; its hidden
layer (256 wide, as published) is the feature. Whole networks a modality, as published, would see
one drawing a concept; what ImageNet's pre-training has seen is the same for every method here.
Stage II: every seen concept is a class of its own, with its name and tags as word vector.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.data.samples import Samples
from xsense_training.data.semantics import class_semantics
from xsense_training.models.cross_coder import CrossCoder
from xsense_training.models.standardise import Standardise
from xsense_training.recipes.sketch.config import SketchConfig
from xsense_training.recipes.sketch.frozen import Features, as_samples
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.published import (
    PublishedLoss,
    PublishedTask,
    TriadSource,
)
from xsense_training.trainer import train

FEATURES = 256
Score = Callable[[Mapping[str, nn.Module]], float]


class Extractor(nn.Module):
    """(B, F) frozen features -> (B, 256), the hidden layer of a classifier."""

    def __init__(self, mean: NDArray[np.floating], scale: NDArray[np.floating]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Standardise(mean, scale), nn.Linear(len(mean), FEATURES), nn.ReLU()
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, 256), not negative."""
        found: Tensor = self.layers(features)
        return found


class ExtractorTask:
    """Classifiers of the seen subgroups, one per modality, that share nothing.

    Args:
        extractors: by modality.
        samples: training rows by modality; labels of any numbers.
        scores: validation; must contain 'score'.
        batch: rows a step and modality.
    """

    def __init__(
        self,
        extractors: Mapping[str, Extractor],
        samples: Mapping[str, Samples],
        scores: Callable[[], Mapping[str, float]],
        batch: int = 128,
    ) -> None:
        self.samples, self.scores, self.batch = samples, scores, batch
        self.classes = np.unique(np.concatenate([s.label for s in samples.values()]))
        self.extractors = dict(extractors)
        self.classifiers = {m: nn.Linear(FEATURES, len(self.classes)) for m in extractors}
        self.modules = nn.ModuleDict(
            {**extractors, **{f'{m} classes': c for m, c in self.classifiers.items()}}
        )

    def draw(self, generator: np.random.Generator) -> dict[str, Tensor]:
        """Random rows and their classes, by modality."""
        found = {}
        for modality, samples in self.samples.items():
            rows = generator.integers(0, len(samples), self.batch)
            found[modality] = torch.from_numpy(samples.features[rows].astype(np.float32))
            labels = np.searchsorted(self.classes, samples.label[rows])
            found[f'{modality} label'] = torch.from_numpy(labels)
        return found

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        """Sum of both classifiers' cross-entropies."""
        terms = {
            m: F.cross_entropy(
                self.classifiers[m](F.dropout(extractor(batch[m]), 0.5)), batch[f'{m} label']
            )
            for m, extractor in self.extractors.items()
        }
        total = torch.stack(list(terms.values())).sum()
        return total, {name: float(term.detach()) for name, term in terms.items()}

    def validate(self) -> Mapping[str, float]:
        """Scores of the current extractors."""
        return self.scores()


@dataclass(frozen=True)
class Published:
    """heads: modality -> frozen features (B, F) to codes (B, D); model: with all its streams."""

    heads: Mapping[str, nn.Module]
    model: CrossCoder
    seen: tuple[str, ...]


def fit_published(
    material: Material,
    features: Features,
    fold: int,
    config: SketchConfig,
    folder: Path,
    score: Score,
) -> Published:
    """Train extractors and cross coder on the fold's seen things.

    Args:
        material: the set.
        features: of the frozen trunk.
        fold: whose test and validation concepts are unseen.
        config: of the variant.
        folder: run folder.
        score: validation score of heads by modality.
    """
    torch.manual_seed(config.train.seed)
    seen = material.split_of(fold).train & ~material.extra
    pairs = {s.modality: s for s in as_samples(material, features, seen)}
    common = np.intersect1d(pairs['sketch'].concept, pairs['image'].concept)
    pairs = {m: s.take(np.isin(s.concept, common)) for m, s in pairs.items()}
    extractors = {
        m: Extractor(s.features.mean(axis=0), s.features.std(axis=0) + 1e-6)
        for m, s in pairs.items()
    }
    normal = {m: nn.Sequential(e, _Unit()) for m, e in extractors.items()}
    train(
        ExtractorTask(extractors, pairs, lambda: {'score': score(normal)}),
        config.extractor,
        folder / 'extractors',
        'extractors',
    )
    extracted = {m: _apply(extractors[m], s.features) for m, s in pairs.items()}
    names = [material.samples.names[c] for c in common]
    tags = [material.samples.tags[c] for c in common]
    words = class_semantics(names, tags, material.root, distinct=False)
    source = TriadSource(
        extracted['image'],
        np.searchsorted(common, pairs['image'].concept),
        extracted['sketch'],
        np.searchsorted(common, pairs['sketch'].concept),
        words,
    )
    model = CrossCoder(FEATURES, FEATURES, words.shape[1], len(common), config.code)
    heads = {
        'image': nn.Sequential(extractors['image'], model.image),
        'sketch': nn.Sequential(extractors['sketch'], model.sketch),
    }
    train(
        PublishedTask(
            model, source, PublishedLoss(config.weights), lambda: {'score': score(heads)}
        ),
        config.train,
        folder / 'cross-coder',
        'published',
    )
    return Published(heads, model, tuple(names))


class _Unit(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=-1)


def _apply(module: nn.Module, features: NDArray[np.floating]) -> NDArray[np.float32]:
    with torch.no_grad():
        rows = torch.from_numpy(features.astype(np.float32))
        return np.asarray(module.eval()(rows).numpy(), np.float32)
