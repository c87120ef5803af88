# SPDX-License-Identifier: Apache-2.0
"""TNN-C-CCA and its own baselines as published (specification 4.2 to 4.4), on our features.

What differs, and why: sounds have 128 principal components of our statistics in place of VGGish's
128 numbers, pictures 1,280 numbers of EfficientNet-Lite0 in place of Inception's 1,024. Where no
true pairs exist, a video is a sound and a picture of one class. The step that validates best is
kept, the published code kept the last. Everything else is theirs: Adam 1e-3, 10 x 500 batches of
45 videos, margin .5, beta .2, r 1e-4, k = number of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from xsense_training.baselines.closed_form import Affine, Spectrum, Standardiser
from xsense_training.baselines.cluster_cca import cluster_cca
from xsense_training.data.samples import Samples
from xsense_training.evaluate.system import apply
from xsense_training.losses.triplet_batch_all import TripletBatchAll
from xsense_training.recipes.tnn_c_cca.data import MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.deep_cca import ClusterCorrelation
from xsense_training.recipes.tnn_c_cca.networks import affine_layer, published_branch, unit
from xsense_training.recipes.tnn_c_cca.recipe import Fitted
from xsense_training.recipes.tnn_c_cca.scoring import Heads, Scorer
from xsense_training.recipes.tnn_c_cca.settings import Config
from xsense_training.recipes.tnn_c_cca.split import split, videos
from xsense_training.recipes.tnn_c_cca.tasks import VideoTask, published_triplets
from xsense_training.trainer import TrainConfig, TrainResult, train

REGULARISATION = 1e-4
DEEP_BATCH = 600
PUBLISHED_TRAIN = TrainConfig(
    steps=5000, learning_rate=1e-3, weight_decay=0.0, warmup=0, validate_every=500,
    tensorboard=False,
)  # fmt: skip


def fit_published(data: AudioVisualData, fold: int, folder: Path, config: Config) -> Fitted:
    """CCA, C-CCA, C-DCCA and both orders of TNN and C-CCA of one fold.

    Args:
        data: both modalities.
        fold: held out.
        folder: run folder; a killed run goes on where it stopped.
        config: k, beta, margin, batch, pca and train are used.
    """
    parts = split(data, fold)
    score = Scorer(data, parts.validation)
    x, y = videos(data, parts.train, config.per_class, seed=fold)
    k = config.k or len(np.unique(x.label))
    first: dict[str, nn.Module] = {
        'sound': affine_layer(principal_components(x, config.pca)),
        'image': nn.Identity(),
    }
    methods: dict[str, tuple[str, Heads]] = {}
    results: dict[str, TrainResult] = {}
    rows = {'sound': x, 'image': y}
    inputs = {m: _through(first[m], rows[m]) for m in MODALITIES}

    # CCA is C-CCA with beta 1: true pairs alone.
    for name, beta in (('CCA', 1.0), ('C-CCA', config.beta)):
        methods[f'{name} (published)'] = ('published', _c_cca(first, rows, k, beta))

    # C-DCCA: networks whose outputs C-CCA then finds more correlated.
    torch.manual_seed(config.train.seed)
    deep = {m: published_branch(inputs[m].features.shape[1], k, sigmoid=False) for m in MODALITIES}
    correlate = ClusterCorrelation(config.beta)
    results['C-DCCA'] = train(
        VideoTask(
            deep,
            inputs['sound'],
            inputs['image'],
            correlate,
            lambda: score(_c_cca({m: nn.Sequential(first[m], deep[m]) for m in MODALITIES},
                                 rows, k, config.beta)),
            batch=DEEP_BATCH,
        ),
        _shorter(config.train),
        folder / 'c-dcca',
        'C-DCCA',
    )  # fmt: skip
    through = {m: nn.Sequential(first[m], deep[m]) for m in MODALITIES}
    methods['C-DCCA (published)'] = (
        'published', _c_cca(through, rows, k, config.beta)
    )  # fmt: skip

    # TNN on the features, then C-CCA on its outputs; and TNN on the outputs of C-CCA.
    for name, before in (('TNN-C-CCA', first), ('C-CCA-TNN', None)):
        start = before or _c_cca(first, rows, k, config.beta, unit_rows=False)
        fed = {m: _through(start[m], rows[m]) for m in MODALITIES}
        torch.manual_seed(config.train.seed)
        branches = {m: published_branch(fed[m].features.shape[1], k) for m in MODALITIES}
        stacked = {m: nn.Sequential(start[m], branches[m]) for m in MODALITIES}
        ends = {m: unit(stacked[m]) for m in MODALITIES}
        task = VideoTask(
            branches,
            fed['sound'],
            fed['image'],
            published_triplets(TripletBatchAll(config.margin, average='sum')),
            partial(score, ends),
            config.batch,
        )
        results[name] = train(task, config.train, folder / name.lower(), name)
        if before is None:
            methods['C-CCA, then TNN (published)'] = ('published', ends)
            continue
        methods['TNN alone (published)'] = ('published', ends)
        methods['TNN-C-CCA (published)'] = (
            'published', _c_cca(stacked, rows, k, config.beta)
        )  # fmt: skip
    notes = {name: {'validation': score(heads)} for name, (_, heads) in methods.items()}
    return Fitted(methods, {'k': k, **notes}, results)


def principal_components(samples: Samples, width: int) -> Affine:
    """Standardised features in their leading directions, as one affine map."""
    scaler = Standardiser.fit(samples.features)
    z = scaler(samples.features)
    spectrum = Spectrum.of(scaler, z.T @ z / len(z), width)
    return scaler.fold(spectrum.vectors.T)


def _c_cca(
    before: Mapping[str, nn.Module],
    samples: Mapping[str, Samples],
    k: int,
    beta: float,
    unit_rows: bool = True,
) -> dict[str, nn.Module]:
    """C-CCA of what the modules give for the samples, behind them."""
    fed = {m: _through(before[m], samples[m]) for m in MODALITIES}
    maps = cluster_cca(
        fed['sound'].features,
        fed['sound'].label,
        fed['image'].features,
        fed['image'].label,
        min(k, fed['sound'].features.shape[1]),
        beta,
        REGULARISATION,
    )
    found: dict[str, nn.Module] = {}
    for modality, affine in zip(MODALITIES, maps, strict=True):
        stacked = nn.Sequential(before[modality], affine_layer(affine))
        found[modality] = unit(stacked) if unit_rows else stacked
    return found


def _through(module: nn.Module, samples: Samples) -> Samples:
    rows = apply(module, samples.features)
    return Samples(samples.modality, rows, samples.label, samples.concept)


def _shorter(config: TrainConfig) -> TrainConfig:
    """Deep CCA takes larger batches, and fewer of them."""
    steps = max(1, config.steps // 12)
    return TrainConfig(
        steps=steps,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup=config.warmup,
        validate_every=max(1, steps // 8),
        seed=config.seed,
        device=config.device,
        threads=config.threads,
        tensorboard=config.tensorboard,
    )
