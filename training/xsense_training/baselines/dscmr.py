# SPDX-License-Identifier: Apache-2.0
"""Deep supervised cross-modal retrieval, in the form the ObjectFolder Benchmark uses.

Zhen et al. 2019 (CVPR); Gao et al. 2023 for the sizes: a perceptron F-2048-2048-1024 per modality
and one linear classifier for both. Published and kept: loss, sizes, batch, rates; the features are
standardised, the rate falls by the bench's cosine, and validation picks the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.baselines.deep import DeepSettings, PairTask, fit_pairs, towers
from xsense_training.baselines.fit import Fit, Score
from xsense_training.data.samples import Samples

WIDTHS = (2048, 2048, 1024)
SETTINGS = DeepSettings(batch=32, epochs=10)


def dscmr_loss(
    f: tuple[Tensor, Tensor],
    p: tuple[Tensor, Tensor],
    labels: tuple[Tensor, Tensor],
    likelihood: float = 1e-4,
    invariance: float = 1e-2,
) -> tuple[Tensor, Mapping[str, float]]:
    """Label, likelihood and invariance terms of a batch of pairs.

    L = mean ||p1 - y1|| + mean ||p2 - y2||
      + likelihood * sum over (1,1), (1,2), (2,2) of mean(log(1 + e^s) - S s)
      + invariance * mean ||f1 - f2||, with s = cos / 2 and S = 1 for rows of equal class.

    Args:
        f: outputs of both networks (B, D).
        p: linear class predictions of both (B, C), no softmax.
        labels: class numbers 0 to C - 1 of both (B,).
        likelihood: weight of the pairwise terms.
        invariance: weight of the distance of pairs.

    Returns:
        The loss and its three weighted terms.
    """
    label = torch.zeros(())
    for predicted, number in zip(p, labels, strict=True):
        target = F.one_hot(number, predicted.shape[1]).to(predicted.dtype)
        label = label + torch.linalg.vector_norm(predicted - target, dim=1).mean()
    unit = [F.normalize(rows, dim=1) for rows in f]
    pairwise = torch.zeros(())
    for a, b in ((0, 0), (0, 1), (1, 1)):
        half = unit[a] @ unit[b].T / 2
        same = (labels[a][:, None] == labels[b][None, :]).to(half.dtype)
        pairwise = pairwise + (F.softplus(half) - same * half).mean()
    apart = torch.linalg.vector_norm(f[0] - f[1], dim=1).mean()
    terms = {'label': label, 'pairwise': likelihood * pairwise, 'apart': invariance * apart}
    return torch.stack(list(terms.values())).sum(), {
        k: float(v.detach()) for k, v in terms.items()
    }


def fit_dscmr(
    x: Samples,
    y: Samples,
    score: Score,
    widths: Sequence[int] = WIDTHS,
    settings: DeepSettings = SETTINGS,
) -> Fit:
    """DSCMR on frozen features.

    Args:
        x: training rows; pairs are those of equal concept, or of equal class where none is.
        y: training rows.
        score: validation score of heads.
        widths: of the layers behind the features.
        settings: of the training.

    Raises:
        InputError: neither a concept nor a class is common to both.
    """
    classes = np.unique(np.concatenate([x.label, y.label]))
    number_x, number_y = (
        torch.from_numpy(np.searchsorted(classes, samples.label)) for samples in (x, y)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        heads = towers(x, y, widths)
        classifier = nn.Linear(widths[-1], len(classes))

    def loss(
        of_x: Tensor, of_y: Tensor, rows_x: Tensor, rows_y: Tensor
    ) -> tuple[Tensor, Mapping[str, float]]:
        predicted = classifier(of_x), classifier(of_y)
        return dscmr_loss((of_x, of_y), predicted, (number_x[rows_x], number_y[rows_y]))

    task = PairTask(x, y, heads, loss, {'classifier': classifier}, score, settings.batch)
    return fit_pairs(task, settings, 'DSCMR')
