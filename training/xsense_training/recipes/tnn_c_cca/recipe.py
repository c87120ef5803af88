# SPDX-License-Identifier: Apache-2.0
"""TNN-C-CCA: pictures by sounds and sounds by pictures (Zeng, Yu and Oyama 2020, corrected).

Read top to bottom:

1. *Features* are frozen: EfficientNet-Lite0 for pictures, statistics of a log-mel window for
   sounds, both in augmented views (scenes; pitch, filter, noise, cut), so that new rooms work.
2. *Networks*: one branch per modality, trained on batches of P classes with K sounds and K
   pictures each, by a metric loss over both anchors and by class directions that both share.
3. *C-CCA* turns the branches' output once more in closed form: one Gemm behind each branch.
4. *Selection*: what the branches give directly, behind C-CCA or as class posteriors competes
   with C-CCA and the posteriors of two separate classifiers; the best mixture of two on
   validation data ships, side by side in one vector. A closed form alone may win.

`variant='published'` is the paper's: PCA-128 sounds, tanh branches with a sigmoid at the end,
batch-all triplets on raw outputs with sounds as the only anchors, k = number of classes, beta 0.2;
in both orders of C-CCA and triplet network, beside its own baselines CCA, C-CCA and C-DCCA.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from xsense_training.baselines.cluster_cca import fit_cluster_cca
from xsense_training.recipes.tnn_c_cca.data import FOLDS, MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.gate import gated
from xsense_training.recipes.tnn_c_cca.mixture import choose_mixture
from xsense_training.recipes.tnn_c_cca.parts import (
    embedded,
    score_behind,
    tempered_posteriors,
    train_branches,
)
from xsense_training.recipes.tnn_c_cca.scoring import Heads, Scorer
from xsense_training.recipes.tnn_c_cca.settings import Config
from xsense_training.recipes.tnn_c_cca.split import split, videos
from xsense_training.trainer import TrainResult

SHIPPED = 'TNN-C-CCA, corrected'
UNGATED = 'TNN-C-CCA, corrected, without the gate'
# Smaller than the baselines' own grids: a candidate need not be the best C-CCA there is.
GRID: Mapping[str, Any] = {
    'betas': (0.0, 0.2),
    'regularisations': (0.1, 1.0, 3.0),
    'powers': (0.0, 1.0),
}


@dataclass(frozen=True)
class Fitted:
    """What one fold has.

    methods: name -> (kind, heads), the shipped one under SHIPPED; notes: how they came about;
    results: of the training runs.
    """

    methods: Mapping[str, tuple[str, Heads]]
    notes: Mapping[str, Any]
    results: Mapping[str, TrainResult]


def fit(data: AudioVisualData, fold: int, folder: Path, config: Config) -> Fitted:
    """Fit the corrected system of one fold; test rows are not looked at.

    Args:
        data: both modalities.
        fold: held out.
        folder: run folder; a killed run goes on where it stopped.
        config: what to train.
    """
    parts = split(data, fold)
    score = Scorer(data, parts.validation)
    x, y = videos(data, parts.train, config.per_class, seed=fold)

    # Closed forms and separate classifiers compete for a place in the mixture.
    dimensions = (config.k,) if config.k else (8, 16, 32)
    c_cca = fit_cluster_cca(x, y, score, dimensions, **GRID)
    posteriors, how = tempered_posteriors(x, y, score)
    candidates: dict[str, Heads] = {'C-CCA': c_cca.heads, 'posteriors': posteriors}
    notes: dict[str, Any] = {'C-CCA': dict(c_cca.settings), 'posteriors': how}

    # Branches, by every metric loss, as vectors and as posteriors of the classes they share.
    results, branches = {}, {}
    for name in config.metrics:
        place = folder / name.replace(' ', '-')
        branches[name], results[name] = train_branches(data, parts.train, score, place, name,
                                                       config)  # fmt: skip
        candidates[f'TNN ({name})'] = branches[name].heads
        shown = f'TNN posteriors ({name})'
        candidates[shown], notes[shown] = branches[name].posteriors(score)
    best = max(config.metrics, key=lambda name: results[name].best['score'])
    notes['metric losses'] = {n: r.best['score'] for n, r in results.items()}

    # Behind the branches: C-CCA, one more Gemm each.
    chosen = branches[best]
    behind = fit_cluster_cca(
        embedded(chosen.heads, x),
        embedded(chosen.heads, y),
        score_behind(chosen.heads, score),
        dimensions,
        **GRID,
    )
    candidates['TNN, C-CCA'] = {
        m: nn.Sequential(chosen.heads[m], behind.heads[m]) for m in MODALITIES
    }
    notes['C-CCA behind TNN'] = dict(behind.settings) | {'score': behind.score, 'metric': best}

    # What ships.
    heads, notes['shipped'] = choose_mixture(candidates, score)
    methods: dict[str, tuple[str, Heads]] = {}
    if data.strangers:
        methods[UNGATED] = ('ablation', heads)
        heads = gated(heads, data, parts.train, (fold, (fold + 1) % FOLDS))
        notes['shipped'] |= {'score behind the gate': score(heads)}
    methods = {
        SHIPPED: ('production', heads),
        **methods,
        'TNN alone (corrected)': ('ablation', chosen.heads),
        'TNN-C-CCA alone (corrected)': ('ablation', candidates['TNN, C-CCA']),
        'class posteriors, tempered': ('baseline', candidates['posteriors']),
    }
    notes['candidates'] = {name: score(heads) for name, heads in candidates.items()}
    return Fitted(methods, notes, results)
