# SPDX-License-Identifier: Apache-2.0
"""Generalised CCA: one linear space for any number of modalities, in closed form.

Kettenring 1971 (SUMCOR of the whitened views): the directions that maximise the sum of all
pairwise covariances of the whitened modalities. With two modalities it is CCA. Rows of equal
concept are pairs, every one with every one, and are never expanded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from xsense_training.baselines.closed_form import Affine, Floats, Spectrum, Standardiser
from xsense_training.baselines.fit import Fit, Score, better, chosen
from xsense_training.baselines.groups import GroupSums, PairSums, no_pairs, partners
from xsense_training.data.samples import Samples
from xsense_training.models.heads import LinearHead

RANK = 256


def generalised_cca(
    samples: Sequence[Samples], regularisation: float, rank: int = RANK
) -> tuple[list[Affine], Floats]:
    """Maps of all modalities, strongest direction first, and the strength (K,) of each direction.

    With whitened views Z_i of M modalities, the eigenvectors of the matrix of blocks
    C_ij = Z_i'Z_j / n_ij (i != j, zero on the diagonal); their eigenvalues over M - 1 are the mean
    correlations of a direction. A row counts as often as it has partners.

    Args:
        samples: one entry a modality.
        regularisation: share of the mean variance added to every variance.
        rank: principal directions of each modality that take part.

    Raises:
        InputError: two of the modalities have no concept in common.
    """
    spectra, sums = [], []
    for own in samples:
        weights = np.sum([partners(own.concept, s.concept) for s in samples if s is not own], 0)
        if not weights.any():
            raise no_pairs()
        scaler = Standardiser.fit(own.features, weights=weights)
        z = scaler(own.features)
        covariance = (z * weights[:, None]).T @ z / weights.sum()
        spectra.append(Spectrum.of(scaler, covariance, rank))
        sums.append(GroupSums.of(z, own.concept))
    whitening = [spectrum.whitening(regularisation) for spectrum in spectra]
    starts = np.cumsum([0, *(w.shape[1] for w in whitening)])
    blocks = np.zeros((starts[-1], starts[-1]))
    for i, j in combinations(range(len(samples)), 2):
        pairs = PairSums.of(sums[i], sums[j])
        if not pairs.count:
            raise no_pairs()
        block = whitening[i].T @ (pairs.cross / pairs.count) @ whitening[j]
        blocks[starts[i] : starts[i + 1], starts[j] : starts[j + 1]] = block
        blocks[starts[j] : starts[j + 1], starts[i] : starts[i + 1]] = block.T
    values, vectors = np.linalg.eigh(blocks)
    order = np.argsort(-values)[: int(np.diff(starts).min())]
    maps = []
    for number, (spectrum, white) in enumerate(zip(spectra, whitening, strict=True)):
        # A direction is spread over the modalities; each gets it at the same length.
        part = vectors[starts[number] : starts[number + 1], order]
        part = part / np.maximum(np.linalg.norm(part, axis=0), 1e-12)
        maps.append(spectrum.scaler.fold((white @ part).T))
    return maps, values[order] / (len(samples) - 1)


def fit_generalised_cca(
    samples: Sequence[Samples],
    score: Score,
    dimensions: Sequence[int] = (16, 32, 64),
    regularisations: Sequence[float] = (0.3, 1.0, 3.0, 10.0),
    powers: Sequence[float] = (0.5, 1.0),
) -> Fit:
    """The settings that score best on validation data; directions weigh strength^power.

    Args:
        samples: training rows, one entry a modality.
        score: validation score of heads by modality.
        dimensions: numbers of directions to choose from.
        regularisations: as in `generalised_cca`.
        powers: of the strengths.
    """
    best: Fit | None = None
    for regularisation in regularisations:
        maps, strength = generalised_cca(samples, regularisation)
        for power in powers:
            weight = np.clip(strength, 0, 1) ** power
            for k in sorted({min(k, len(weight)) for k in dimensions}):
                heads = _heads(samples, [_weighted(m, weight).first(k) for m in maps])
                settings = {'dimensions': k, 'regularisation': regularisation, 'power': power}
                best = better(best, Fit(heads, settings, score(heads)))
    return chosen(best)


def _weighted(affine: Affine, weight: Floats) -> Affine:
    return Affine(affine.weight * weight[:, None], affine.bias * weight)


def _heads(samples: Sequence[Samples], maps: Sequence[Affine]) -> Mapping[str, LinearHead]:
    return {s.modality: LinearHead(m.weight, m.bias) for s, m in zip(samples, maps, strict=True)}
