# SPDX-License-Identifier: Apache-2.0
"""A head that also says whether it knows what it is given, in the vector itself.

q = P(of a known class) by logistic regression against strangers. The vector is (sqrt(q) z,
sqrt(1 - q) e), where e is a direction that belongs to the modality alone: two samples of different
modalities have the cosine sqrt(q q') z z', which is small as soon as one of them is a stranger,
and strangers of two modalities never resemble each other.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from xsense_training.baselines.class_posteriors import class_logits
from xsense_training.baselines.closed_form import Affine
from xsense_training.data.samples import Samples
from xsense_training.recipes.tnn_c_cca.data import MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.scoring import Heads
from xsense_training.recipes.tnn_c_cca.split import Part

STRENGTH = 1e-3


class GatedHead(nn.Module):
    """(B, F) -> (B, D + modalities), still of length one.

    Args:
        head: (B, F) -> (B, D) unit vectors.
        known: map to the log-odds of being of a known class, weight (1, F), bias (1,).
        own: number of the modality.
        modalities: how many there are.
    """

    direction: Tensor

    def __init__(self, head: nn.Module, known: Affine, own: int, modalities: int) -> None:
        super().__init__()
        self.head = head
        self.known = nn.Linear(known.weight.shape[1], 1)
        with torch.no_grad():
            self.known.weight.copy_(torch.as_tensor(known.weight, dtype=torch.float32))
            self.known.bias.copy_(torch.as_tensor(known.bias, dtype=torch.float32))
        self.register_buffer('direction', torch.eye(modalities)[own])

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, D + modalities)."""
        odds = self.known(features)
        # sqrt of sigmoid(odds) and of sigmoid(-odds), whose squares add up to one.
        parts = [odds.sigmoid().sqrt() * self.head(features)]
        parts.append((-odds).sigmoid().sqrt() * self.direction)
        return torch.cat(parts, dim=-1)


def gated(heads: Heads, data: AudioVisualData, part: Part, held_out: tuple[int, int]) -> Heads:
    """Heads with a gate in front of each, fitted on training rows against training strangers.

    Args:
        heads: finished heads.
        data: with strangers.
        part: training rows.
        held_out: folds of the strangers that are not to be looked at.
    """
    found = {}
    for number, modality in enumerate(MODALITIES):
        known = known_logits(data, part, modality, held_out)
        found[modality] = GatedHead(heads[modality], known, number, len(MODALITIES))
    return found


def known_logits(
    data: AudioVisualData, part: Part, modality: str, held_out: tuple[int, int]
) -> Affine:
    """Log-odds of a known class: as many rows of strangers as of the classes, classes alike."""
    bank, rows = data.of(modality), part.of(modality)
    folds = [fold for fold in set(data.strangers[modality].fold.tolist()) if fold not in held_out]
    strange = data.strangers[modality].of(folds)
    rng = np.random.default_rng(0)
    labels = np.unique(bank.label[rows])
    each = max(1, len(strange) // len(labels))
    chosen = np.concatenate([rng.choice(rows[bank.label[rows] == c], each) for c in labels])
    views = rng.integers(0, min(3, bank.features.shape[1]), len(chosen))
    features = np.concatenate([bank.features[chosen, views], strange])
    label = np.repeat([1, 0], [len(chosen), len(strange)])
    samples = Samples(modality, features, label, np.arange(len(label)))
    (both,) = class_logits(samples, np.array([0, 1]), [STRENGTH])
    return Affine(both.weight[1:] - both.weight[:1], both.bias[1:] - both.bias[:1])
