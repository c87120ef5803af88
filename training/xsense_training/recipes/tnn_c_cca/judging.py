# SPDX-License-Identifier: Apache-2.0
"""How every method of TNN-C-CCA did in one fold, beside baselines and controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from xsense_training.baselines.class_posteriors import fit_class_posteriors
from xsense_training.baselines.fit import Fit
from xsense_training.baselines.suite import fit_suite
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.outcome import Outcome
from xsense_training.recipes.tnn_c_cca.data import AudioVisualData, Bank
from xsense_training.recipes.tnn_c_cca.scoring import Embedded, Heads, Scorer
from xsense_training.recipes.tnn_c_cca.settings import NAME, Config
from xsense_training.recipes.tnn_c_cca.split import directions, split, videos

SPLIT = 'held-out recordings and pictures, by class'
BASELINES = (
    'CCA', 'cluster CCA', 'PLSCA', 'linear regression', 'class posteriors', 'DSCMR', 'DAR',
)  # fmt: skip
_WITHOUT_CENTROID = [0, 1, 3]


def fit_baselines(data: AudioVisualData, fold: int, config: Config) -> dict[str, Fit]:
    """The suite on the same training videos, every setting by the same validation score."""
    parts = split(data, fold)
    x, y = videos(data, parts.train, config.per_class, seed=fold)
    return dict(fit_suite(x, y, Scorer(data, parts.validation), BASELINES))


def controls(data: AudioVisualData) -> dict[str, AudioVisualData]:
    """The data with a few plain numbers in place of one modality's features, by name."""
    found = {}
    if data.sound.cues is not None:
        plain = data.sound.cues
        found = {
            'sound as duration, loudness, late-to-early level': replace(
                data, sound=_plain(data.sound, plain[:, _WITHOUT_CENTROID])
            ),
            'sound as these and spectral centroid': replace(data, sound=_plain(data.sound, plain)),
        }
    if data.image.cues is not None:
        # Mean colour of the picture as it is stands for all its views.
        colours = np.repeat(data.image.cues[:, None], data.image.features.shape[1], axis=1)
        found['picture as mean colour'] = replace(
            data, image=replace(data.image, features=colours.astype(np.float32))
        )
    return found


def judge_fold(
    data: AudioVisualData,
    fold: int,
    methods: Mapping[str, tuple[str, Heads]],
    config: Config,
    with_controls: bool = True,
) -> list[Outcome]:
    """Every method on every group and direction of the fold's test rows, controls beside them."""
    test = split(data, fold).test
    similarities: dict[str, tuple[str, list[np.ndarray]]] = {
        name: (kind, _similarities(data, fold, heads)) for name, (kind, heads) in methods.items()
    }
    for name, plain in controls(data).items() if with_controls else ():
        parts = split(plain, fold)
        x, y = videos(plain, parts.train, config.per_class, seed=fold)
        fitted = fit_class_posteriors(x, y, Scorer(plain, parts.validation))
        similarities[name] = ('control', _similarities(plain, fold, fitted.heads))
    outcomes = []
    for number, (group, task) in enumerate(directions(data, test)):
        found = {name: (kind, rows[number]) for name, (kind, rows) in similarities.items()}
        outcomes += judge(NAME, group, SPLIT, task, fold, found)
    return outcomes


def _similarities(data: AudioVisualData, fold: int, heads: Heads) -> list[np.ndarray]:
    test = split(data, fold).test
    embedded = Embedded.of(data, test, heads)
    return [
        np.asarray(embedded.similarity(data.of(task.query.modality), task))
        for _, task in directions(data, test)
    ]


def _plain(bank: Bank, cues: np.ndarray) -> Bank:
    return replace(bank, features=cues[:, None].astype(np.float32))
