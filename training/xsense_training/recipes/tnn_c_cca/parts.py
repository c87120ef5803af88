# SPDX-License-Identifier: Apache-2.0
"""The parts of the corrected TNN-C-CCA: branches, their losses, and tempered posteriors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn

from xsense_training.baselines.class_posteriors import PosteriorHead, class_logits
from xsense_training.baselines.closed_form import Affine, Standardiser
from xsense_training.baselines.fit import Score
from xsense_training.data.samples import Samples
from xsense_training.evaluate.system import apply
from xsense_training.losses.supervised_contrastive import SupervisedContrastive
from xsense_training.losses.triplet_batch_all import TripletBatchAll
from xsense_training.losses.triplet_semi_hard import TripletSemiHard
from xsense_training.recipes.tnn_c_cca.data import MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.networks import Branch
from xsense_training.recipes.tnn_c_cca.scoring import Heads, Scorer
from xsense_training.recipes.tnn_c_cca.settings import METRICS, Config
from xsense_training.recipes.tnn_c_cca.split import Part, known_labels
from xsense_training.recipes.tnn_c_cca.tasks import ClassDirections, ClassTask
from xsense_training.trainer import TrainResult, train

STRENGTHS = (1e-3, 1e-2)
TEMPERS = (0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Branches:
    """Trained branches of both modalities and the class directions that they share."""

    heads: Heads
    classes: ClassDirections
    known: tuple[int, ...]

    def posteriors(self, score: Scorer) -> tuple[Heads, dict[str, float]]:
        """The shared classifier behind the branches, as sharp as validation prefers."""
        found = []
        directions = self.classes.directions.detach()
        weight = nn.functional.normalize(directions, dim=-1)[list(self.known)].double().numpy()
        scale = float(self.classes.log_scale.detach().exp().clamp(max=30))
        for temper in TEMPERS:
            logits = Affine(scale * temper * weight, np.zeros(len(weight)))
            heads = {m: nn.Sequential(self.heads[m], PosteriorHead(logits)) for m in MODALITIES}
            found.append((score(heads), temper, heads))
        best, temper, heads = max(found, key=lambda item: item[0])
        return heads, {'temper': temper, 'score': best}


def train_branches(
    data: AudioVisualData, part: Part, score: Scorer, folder: Path, name: str, config: Config
) -> tuple[Branches, TrainResult]:
    """Branches by one metric loss; the step that validates best is kept."""
    torch.manual_seed(config.train.seed)
    heads: dict[str, nn.Module] = {}
    for modality in MODALITIES:
        bank, rows = data.of(modality), part.of(modality)
        features = bank.features[rows].reshape(-1, bank.features.shape[-1])
        heads[modality] = Branch(Standardiser.fit(features), config.hidden, config.dimension)
    task = ClassTask(
        heads,
        data,
        part,
        metric_loss(name, config.margin),
        lambda: score(heads),
        config.dimension,
        config.share,
    )
    result = train(task, config.train, folder, name)
    known = known_labels(data, part)
    classes = task.modules['classes']
    assert isinstance(classes, ClassDirections)
    return Branches(heads, classes, tuple(known.tolist())), result


class Stacked(nn.Module):
    """Supervised contrastive loss over the rows of both modalities at once."""

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        self.contrast = SupervisedContrastive(temperature)

    def forward(self, x: torch.Tensor, y: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, D), (B, D), (B,) -> scalar."""
        found: torch.Tensor = self.contrast(torch.cat([x, y]), torch.cat([labels, labels]))
        return found


def metric_loss(name: str, margin: float) -> nn.Module:
    """A loss of (sound vectors, image vectors, labels) by name; both modalities are anchors.

    Raises:
        ValueError: no such loss.
    """
    if name == 'supervised contrastive':
        return Stacked()
    if name == 'batch-all':
        return TripletBatchAll(margin)
    if name == 'semi-hard':
        return TripletSemiHard(margin)
    raise ValueError(f'metric {name!r}: expected one of {", ".join(METRICS)}')


def tempered_posteriors(x: Samples, y: Samples, score: Scorer) -> tuple[Heads, dict[str, float]]:
    """Class posteriors of two separate classifiers, each as sharp as validation prefers.

    A classifier that is often wrong is better asked softly: p^t at unit length, t below one.
    """
    classes = np.intersect1d(x.label, y.label)
    of = {s.modality: class_logits(s, classes, STRENGTHS) for s in (x, y)}
    found: list[tuple[float, dict[str, float], Heads]] = []
    for (i, j), (temper_x, temper_y) in product(
        product(range(len(STRENGTHS)), repeat=2), product(TEMPERS, repeat=2)
    ):
        chosen = {
            x.modality: (of[x.modality][i], STRENGTHS[i], temper_x),
            y.modality: (of[y.modality][j], STRENGTHS[j], temper_y),
        }
        tried: Heads = {
            m: PosteriorHead(Affine(logits.weight * temper, logits.bias * temper))
            for m, (logits, _, temper) in chosen.items()
        }
        settings = {f'strength of {m}': strength for m, (_, strength, _) in chosen.items()}
        settings |= {f'temper of {m}': temper for m, (_, _, temper) in chosen.items()}
        found.append((score(tried), settings, tried))
    best, settings, heads = max(found, key=lambda item: item[0])
    return heads, settings | {'score': best}


def embedded(heads: Heads, samples: Samples) -> Samples:
    """The same samples with a head's vectors as features."""
    vectors = apply(heads[samples.modality], samples.features)
    return Samples(samples.modality, vectors, samples.label, samples.concept)


def score_behind(heads: Heads, score: Scorer) -> Score:
    """Score of maps that stand behind heads."""

    def of(maps: Heads) -> float:
        return score({m: nn.Sequential(heads[m], maps[m]) for m in MODALITIES})

    return of
