# SPDX-License-Identifier: Apache-2.0
"""One fold judged: the towers, the published variant and every baseline on the same questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsense_training.baselines.suite import fit_suite
from xsense_training.data.line_art_split import content_words
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.generalised import judge_generalised
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.outcome import Outcome
from xsense_training.features.sketch_set import Bools
from xsense_training.recipes.sketch.frozen import Features, as_samples
from xsense_training.recipes.sketch.material import Material
from xsense_training.recipes.sketch.protocol import CATEGORY, INSTANCE, UNSEEN, directions
from xsense_training.recipes.sketch.recipe import NAME, similarity
from xsense_training.recipes.sketch.shared_trunk import fit_shared_trunk
from xsense_training.recipes.sketch.towers import Towers
from xsense_training.torchvision_guard import imagenet_categories

Floats = NDArray[np.floating]
Heads = Mapping[str, nn.Module]
Similarity = Callable[[Direction], Floats]
TOWERS = 'sketch towers'
HOG = 'HOG of the ink box'
SCENE = 1  # view of a picture in a scene


@dataclass(frozen=True)
class Method:
    """kind as in Outcome; similarity: direction -> (Q, N)."""

    kind: str
    similarity: Similarity


@dataclass(frozen=True)
class Question:
    """split as in Outcome, its directions."""

    split: str
    tasks: Sequence[Direction]


def questions(material: Material, chosen: Bools) -> list[Question]:
    """All that is asked of the chosen concepts (C,), by plain pictures."""
    samples = material.samples
    if material.level == CATEGORY:
        return [Question('unseen classes', directions(samples, chosen, CATEGORY))]
    found = [
        Question(f'{UNSEEN}, {level}', directions(samples, chosen, level))
        for level in (INSTANCE, CATEGORY)
    ]
    named = set().union(*(content_words(name) for name in imagenet_categories()))
    unnamed = np.array([not content_words(name) & named for name in samples.names])
    found.append(
        Question(
            f'{UNSEEN}, instance, not named in ImageNet', directions(samples, chosen & unnamed)
        )
    )
    for number, style in enumerate(samples.styles):
        tasks = directions(samples, chosen, styles=(number,))
        found.append(Question(style_split(style), tasks))
    return found


def style_split(style: str) -> str:
    """Name of the split whose gallery has pictures of one style."""
    return f'{UNSEEN}, instance, pictures of {style}'


def tower_method(material: Material, towers: Towers, view: int = 0) -> Method:
    """The production towers."""
    return Method('production', lambda task: similarity(towers, material.samples, task, view))


def head_method(features: Features, heads: Heads, kind: str) -> Method:
    """Heads on frozen features."""
    return Method(kind, lambda task: _cosines(features, heads, task))


def feature_method(features: Features, kind: str, near: bool = False) -> Method:
    """Features compared as they are: cosine, or nearness where lengths mean something."""

    def compare(task: Direction) -> Floats:
        query, gallery = (
            features.of(side.modality)[side.rows] for side in (task.query, task.gallery)
        )
        if near:
            return np.asarray(-np.linalg.norm(query[:, None] - gallery[None], axis=2))
        return np.asarray(query @ gallery.T)

    return Method(kind, compare)


def validation_score(
    material: Material, features: Features, fold: int
) -> Callable[[Heads], float]:
    """Mean of R@1 and mAP in both directions on the fold's validation concepts."""
    tasks = directions(material.samples, material.split_of(fold).validation, material.level)

    def score(heads: Heads) -> float:
        results = [rank_queries(_cosines(features, heads, t), t.relevance) for t in tasks]
        return float(np.mean([r.value(m) for r in results for m in ('R@1', 'mAP')]))

    return score


def baseline_methods(
    material: Material, features: Mapping[str, Features], fold: int, folder: Path
) -> dict[str, Method]:
    """HOG, the mean colour, and all that is fitted on frozen trunk features of seen concepts.

    Args:
        material: the set.
        features: of frozen_features.
        fold: whose training concepts are fitted on.
        folder: run folder.
    """
    trunk = features['trunk']
    seen = as_samples(material, trunk, material.split_of(fold).train)
    score = validation_score(material, trunk, fold)
    suite = fit_suite(*seen, score)
    heads = fit_shared_trunk(*seen, score, folder / 'shared-trunk')
    found = {
        HOG: feature_method(features['hog'], 'baseline'),
        'mean colour': feature_method(features['colour'], 'control', near=True),
        'learned heads on the frozen trunk': head_method(trunk, heads, 'baseline'),
    }
    return found | {
        f'{name} on the frozen trunk': head_method(trunk, fit.heads, 'baseline')
        for name, fit in suite.items()
    }


def judge_fold(
    material: Material, fold: int, methods: Mapping[str, Method], dataset: str
) -> list[Outcome]:
    """Every method on every question of the fold's test concepts."""
    outcomes = []
    for question in questions(material, material.split_of(fold).test):
        for task in question.tasks:
            found = {name: (m.kind, m.similarity(task)) for name, m in methods.items()}
            outcomes += judge(NAME, dataset, question.split, task, fold, found)
    return outcomes


def judge_scenes(material: Material, fold: int, towers: Towers, dataset: str) -> list[Outcome]:
    """The towers on pictures in scenes, as a camera has them."""
    outcomes = []
    method = tower_method(material, towers, SCENE)
    for task in directions(material.samples, material.split_of(fold).test):
        found = {TOWERS: (method.kind, method.similarity(task))}
        split = f'{UNSEEN}, instance, pictures in scenes'
        outcomes += judge(NAME, dataset, split, task, fold, found)
    return outcomes


def judge_with_seen(
    material: Material, fold: int, methods: Mapping[str, Method], dataset: str
) -> list[Outcome]:
    """Generalised: seen and unseen things in one gallery, both asked for.

    Drawings of seen things are those that trained, so their rows are no test of anything; the
    harmonic mean shows whether unseen things drown among seen ones.
    """
    samples, split = material.samples, material.split_of(fold)
    seen = split.train & ~material.extra
    name = f'{UNSEEN}, instance' if material.level == INSTANCE else 'unseen classes'
    outcomes = []
    whole = directions(samples, split.test | seen, material.level)
    for task in whole:
        asked = split.test[task.query.concept]
        parts = [_asked(task, rows) for rows in (asked, ~asked)]
        found = {}
        for method, (kind, cosines) in (
            (n, (m.kind, m.similarity(task))) for n, m in methods.items()
        ):
            found[method] = (kind, cosines[asked], cosines[~asked])
        outcomes += judge_generalised(NAME, dataset, name, parts[0], parts[1], fold, found)
    return outcomes


def judge_styles(
    material: Material, fold: int, missing: Mapping[str, Towers], dataset: str
) -> list[Outcome]:
    """Towers that never trained on a style, on a gallery of that style alone."""
    outcomes = []
    test = material.split_of(fold).test
    for style, towers in missing.items():
        number = material.samples.styles.index(style)
        method = tower_method(material, towers)
        for task in directions(material.samples, test, styles=(number,)):
            name = f'{TOWERS}, style never trained'
            found = {name: (method.kind, method.similarity(task))}
            judged = judge(NAME, dataset, style_split(style), task, fold, found)
            outcomes += [o for o in judged if o.kind != 'chance']
    return outcomes


def _asked(task: Direction, rows: Bools) -> Direction:
    """The direction with some of its queries."""
    query = Side(task.query.modality, task.query.rows[rows], task.query.concept[rows])
    return Direction(task.name, query, task.gallery, task.relevance[rows])


def _cosines(features: Features, heads: Heads, task: Direction) -> Floats:
    vectors = []
    for side in (task.query, task.gallery):
        rows = torch.from_numpy(features.of(side.modality)[side.rows].astype(np.float32))
        with torch.no_grad():
            vectors.append(heads[side.modality].eval()(rows).numpy())
    return np.asarray(vectors[0] @ vectors[1].T)
