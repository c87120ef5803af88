# SPDX-License-Identifier: Apache-2.0
"""What is seen, felt and heard of a thing in one space: CrossNet, corrected; `lite` ships.

Read top to bottom:

1. *Data*: touch-sim (or ObjectFolder and other sets of touches). Two questions that are never
   mixed: unseen objects, and new samples of the same objects. Relevant is the same object.
2. *Descriptions* are frozen (describe.py): pictures by the trunk that bundles share; presses, each
   less the background of its own sensor unit, by statistics of the first stages of that network;
   knocks by levels and decay of their bands. A sense is a function of itself alone.
3. *Heads*, learned: every step shows samples of some objects in all senses; the same object
   attracts in every pair of senses and within each (InfoNCE), and is never a negative of itself. A
   sense is left out by chance. Training begins at a closed form, generalised CCA of all senses.
4. *Spaces of pairs*: what two senses share and the third lacks has no place in a space for all.
   Closed forms of every pair lie beside the common space in the same vector, with the part of the
   cosine that validation prefers; none and all compete too.

`variant='production'` trains whole ResNet-50 towers for a GPU, with the published fusion block as
a teacher that ends with the training (production.py); `variant='published'` is CrossNet as it was,
asked honestly (published.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from xsense_training.baselines.fit import Score
from xsense_training.baselines.generalised_cca import fit_generalised_cca
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.metrics import mean_average_precision
from xsense_training.evaluate.system import Heads
from xsense_training.mixing import mean_score
from xsense_training.models.head_files import build_head, plain_head
from xsense_training.models.heads import ConcatHead, LinearHead, PaddedHead, ResidualHead
from xsense_training.recipes.crossnet.config import LiteConfig
from xsense_training.recipes.crossnet.contrast import SensesTask
from xsense_training.recipes.crossnet.data import Ints, Material, Parts
from xsense_training.recipes.crossnet.describe import TOWERS
from xsense_training.recipes.crossnet.inputs import FeatureViews
from xsense_training.recipes.crossnet.protocol import directions, pairs
from xsense_training.recipes.run_folders import load_notes, load_state, save_notes, save_state
from xsense_training.trainer import train

PARTS_OF_OWN = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Fitted:
    """heads: what ships, by sense; alone: its candidates by name; notes: how they came about."""

    heads: Heads
    alone: Mapping[str, Heads]
    notes: Mapping[str, Any]


def fit_lite(
    material: Material, parts: Parts, folder: Path, config: LiteConfig, kind: str = TOWERS
) -> Fitted:
    """Heads for all senses of a set; test rows are not looked at.

    Args:
        material: the set.
        parts: rows that train and that validate.
        folder: run folder; a killed run goes on where it stopped.
        config: what to train.
        kind: description that the heads stand on.
    """
    table = material.tables[kind]
    tasks = directions(material, parts.validation, most=config.judged)
    senses = material.senses
    seen = {sense: material.samples(kind, sense, parts.train[sense]) for sense in senses}

    def score_on(asked: Sequence[Direction]) -> Score:
        return lambda heads: mean_score(heads, table, asked, mean_average_precision)

    # One space for all senses: in closed form, and learned from there.
    score, sizes = score_on(tasks), (config.dimension,)
    closed = fit_generalised_cca(list(seen.values()), score, sizes)
    learned, notes = train_heads(material, parts.train, folder, config, kind, score, closed.heads)

    # A space of its own for every pair, in closed form.
    own = {}
    for pair in pairs(material):
        between = [t for t in tasks if {t.query.modality, t.gallery.modality} == set(pair)]
        fit = fit_generalised_cca([seen[s] for s in pair], score_on(between), sizes)
        own[pair] = fit.heads

    # Side by side, with the part that validation prefers.
    found = {part: score(joined(learned, own, part)) for part in PARTS_OF_OWN}
    part = max(found, key=lambda tried: found[tried])
    heads = joined(learned, own, part)
    alone = {
        'the learned space': learned,
        'generalised CCA of all senses': closed.heads,
        'the spaces of pairs': joined(learned, own, 1.0),
    }
    return Fitted(
        heads,
        alone,
        {
            'part of the spaces of pairs': part,
            'validation': {str(tried): round(value, 4) for tried, value in found.items()},
            'generalised CCA': dict(closed.settings) | {'validation': round(closed.score, 4)},
            **notes,
            'objects trained': len(np.unique(seen['touch'].concept)),
        },
    )


def joined(
    learned: Heads, own: Mapping[tuple[str, str], Heads], part: float
) -> dict[str, nn.Module]:
    """The common space and the spaces of pairs side by side in one unit vector.

    A sense has zeros where a space is not its own, so the cosine of two senses is that of the
    common space and that of their own, `part` of it the latter, times a factor that is the same
    for all of them.

    Args:
        learned: heads of all senses in the common space.
        own: pair of senses -> their heads.
        part: 0 to 1.
    """
    if part == 0:
        return dict(learned)
    others = len(learned) - 1
    whole = 1 - part + others * part
    width = {pair: _width(heads[pair[0]]) for pair, heads in own.items()}
    found: dict[str, nn.Module] = {}
    for sense, head in learned.items():
        parts: list[nn.Module] = [head]
        shares = [(1 - part) / whole]
        for pair, heads in own.items():
            if sense in pair:
                parts.append(heads[sense])
                shares.append(part / whole)
            else:
                parts[-1] = PaddedHead(parts[-1], width[pair])
        shares[0] = 1 - sum(shares[1:])
        found[sense] = ConcatHead(parts, shares)
    return found


def _width(head: nn.Module) -> int:
    return cast(LinearHead, head).linear.out_features


def train_heads(
    material: Material,
    rows: Mapping[str, Ints],
    folder: Path,
    config: LiteConfig,
    kind: str,
    score: Score,
    start: Mapping[str, nn.Module],
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Heads by InfoNCE, whose linear paths begin as the closed form, and how far they got."""
    torch.manual_seed(config.train.seed)
    table = material.tables[kind]
    heads: dict[str, nn.Module] = {}
    for sense in material.senses:
        features = table.of(sense)[rows[sense], 0]
        linear = cast(LinearHead, start[sense]).linear
        head = ResidualHead(
            features.shape[1],
            linear.out_features,
            config.hidden,
            config.dropout,
            config.dropout / 2,
        )
        head.standardise(features.mean(axis=0), features.std(axis=0) + 1e-3)
        head.set_linear(linear.weight.detach().numpy(), linear.bias.detach().numpy())
        heads[sense] = head
    task = SensesTask(
        heads,
        {sense: FeatureViews(table.of(sense)) for sense in heads},
        rows,
        material.object_of,
        lambda: {'score': score(heads)},
        config.contrast,
    )
    result = train(task, config.train, folder, f'crossnet {kind}')
    return heads, {'best step': result.best_step}


def save(fitted: Fitted, folder: Path) -> None:
    """Heads and notes, in plain data."""
    save_notes(fitted.notes, folder)
    named = {'shipped': fitted.heads, **fitted.alone}
    save_state(
        {
            name: {s: plain_head(head) for s, head in heads.items()}
            for name, heads in named.items()
        },
        folder,
    )


def recall(folder: Path) -> Fitted:
    """What `save` wrote."""
    stored = {
        name: {sense: build_head(plain) for sense, plain in heads.items()}
        for name, heads in load_state(folder).items()
    }
    return Fitted(stored.pop('shipped'), stored, load_notes(folder))
