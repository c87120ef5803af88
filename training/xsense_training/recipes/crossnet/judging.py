# SPDX-License-Identifier: Apache-2.0
"""One run judged: what ships, its parts, every baseline and control on the same questions.

Baselines are fitted for every pair of senses apart, on more of a press than the towers get
(describe.py); within a sense they are asked with the head of that pair which validates better
there. Controls are CCA with a few plain numbers in place of one sense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from xsense_training.baselines.closed_form import Spectrum, Standardiser
from xsense_training.baselines.dar import fit_dar
from xsense_training.baselines.dscmr import fit_dscmr
from xsense_training.baselines.fit import Fit, Score, fit_cca
from xsense_training.baselines.suite import FitBaseline, fit_suite
from xsense_training.data.samples import Samples
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.metrics import mean_average_precision
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.system import FeatureTable, Heads, System
from xsense_training.mixing import mean_score
from xsense_training.recipes.crossnet.data import Floats, Ints, Material, Parts, Table
from xsense_training.recipes.crossnet.describe import BASELINES, CONTROLS, RAW, TOWERS
from xsense_training.recipes.crossnet.inputs import Inputs
from xsense_training.recipes.crossnet.production import Towers, as_system, embed
from xsense_training.recipes.crossnet.protocol import asked_with, directions, pairs

NAME = 'crossnet'
SHIPPED = 'CrossNet lite'
PRODUCTION = 'CrossNet, two towers'
PUBLISHED = 'CrossNet as published, asked with one sense'
WITHOUT = 'CrossNet lite, no background taken off'
SUITE = ('CCA', 'PLSCA', 'DSCMR', 'DAR')
# Deep baselines cost a minute a pair on a CPU: they are fitted where their figures are published.
DEEP, DEEP_PAIR = ('DSCMR', 'DAR'), ('image', 'touch')
RANK = 256
# Published widths are for features of ResNet-50, eight times as many; half of them are kept here.
INSTEAD: Mapping[str, FitBaseline] = {
    'DSCMR': partial(fit_dscmr, widths=(1024, 1024, 512)),
    'DAR': partial(fit_dar, widths=(512, 512, 1000)),
}
KNOWN_UNITS, UNSEEN_UNITS = 'known sensor units', 'unseen sensor units'
# A sense as so little of it that only a shortcut could tell objects apart by it.
_CONTROLS = {
    'touch': 'touch as area and strength of contact',
    'image': 'picture as mean colour',
    'impact': 'knock as duration, loudness, centroid and decay',
}
# (Q, N) of a direction; None for one that the method does not answer.
Similarity = Callable[[Direction], Floats | None]


@dataclass(frozen=True)
class Method:
    """kind as in Outcome; similarity: how it ranks."""

    kind: str
    similarity: Similarity


def method(kind: str, system: System, table: FeatureTable) -> Method:
    """Heads on described rows."""

    def similarity(task: Direction) -> Floats | None:
        query, gallery = task.query.modality, task.gallery.modality
        if not {query, gallery} <= system.heads_of(query, gallery).keys():
            return None
        return system.similarity(table, task)

    return Method(kind, similarity)


def shipped_methods(
    heads: Heads, alone: Mapping[str, Heads], material: Material
) -> dict[str, Method]:
    """What ships and what it was chosen from."""
    table = material.tables[TOWERS]
    found = {SHIPPED: method('production', System(SHIPPED, heads), table)}
    for name, own in alone.items():
        found[f'{name} alone'] = method('ablation', System(name, own), table)
    return found


def without_background(material: Material, heads: Heads) -> dict[str, Method]:
    """Heads that were fitted on presses of which no background was taken off."""
    return {WITHOUT: method('ablation', System(WITHOUT, heads), material.tables[RAW])}


def production_method(
    towers: Towers, inputs: Inputs, material: Material, parts: Parts
) -> dict[str, Method]:
    """Whole towers, on the test rows."""
    table = embed(towers, inputs, material, parts.test)
    return {PRODUCTION: method('production', as_system(PRODUCTION, material.senses), table)}


def published_method(similarity: Similarity) -> dict[str, Method]:
    """The published network."""
    return {PUBLISHED: Method('published', similarity)}


def baselines(
    material: Material, parts: Parts, most: int, names: Sequence[str] = SUITE
) -> dict[str, Method]:
    """The suite on every pair of senses, settings by validation on that pair.

    Args:
        material: the set.
        parts: rows that train and that validate.
        most: samples of an object that validation asks for in each sense, at most.
        names: of the suite.
    """
    table = _reduced(material, parts)
    fits: dict[str, list[Fit]] = {}
    for pair in pairs(material):
        x, y = (_samples(material, table, sense, parts.train[sense]) for sense in pair)
        score = _score(material, table, {s: parts.validation[s] for s in pair}, most)
        own = [name for name in names if name not in DEEP or pair == DEEP_PAIR]
        for name, fit in fit_suite(x, y, score, own, instead=INSTEAD).items():
            fits.setdefault(name, []).append(fit)
    return {
        name: method('baseline', _system(name, own, material, table, parts, most), table)
        for name, own in fits.items()
    }


def controls(material: Material, parts: Parts, most: int) -> dict[str, Method]:
    """CCA with one sense as a few plain numbers, the other as baselines have it."""
    found, full = {}, _reduced(material, parts)
    for sense, name in _CONTROLS.items():
        if sense not in material.senses or not material.described(CONTROLS, sense):
            continue
        table = Table({**full.rows, sense: material.tables[CONTROLS].of(sense)})
        fits = []
        for pair in (pair for pair in pairs(material) if sense in pair):
            x, y = (_samples(material, table, s, parts.train[s]) for s in pair)
            score = _score(material, table, {s: parts.validation[s] for s in pair}, most)
            fits.append(fit_cca(x, y, score))
        own = _system(name, fits, material, table, parts, most).own_pairs
        # Within another sense its own features would answer, which are no control.
        within = {f'{s}+{s}' for s in material.senses if s != sense}
        kept = {pair: heads for pair, heads in own.items() if pair not in within}
        found[name] = method('control', System(name, {}, kept), table)
    return found


def judge_run(
    material: Material, parts: Parts, protocol: str, run: int, methods: Mapping[str, Method]
) -> list[Outcome]:
    """Every method on every direction that it answers."""
    outcomes = []
    for task in directions(material, parts.test, others=parts.validation):
        outcomes += _judge(material, protocol, task, run, methods)
    return outcomes


def judge_units(
    material: Material, parts: Parts, protocol: str, run: int, methods: Mapping[str, Method]
) -> list[Outcome]:
    """Touches of known and of unseen sensor units ask apart, where the set has both."""
    outcomes: list[Outcome] = []
    if not len(parts.strange):
        return outcomes
    for name, touches in ((KNOWN_UNITS, parts.test['touch']), (UNSEEN_UNITS, parts.strange)):
        for task in directions(material, parts.test, within=False):
            if task.query.modality == 'touch':
                asked = asked_with(material, task, touches)
                outcomes += _judge(material, f'{protocol}, {name}', asked, run, methods)
    return outcomes


def _judge(
    material: Material, split: str, task: Direction, run: int, methods: Mapping[str, Method]
) -> list[Outcome]:
    found = {name: (m.kind, m.similarity(task)) for name, m in methods.items()}
    answered = {name: (kind, s) for name, (kind, s) in found.items() if s is not None}
    return judge(NAME, material.dataset, split, task, run, answered)


def _reduced(material: Material, parts: Parts) -> Table:
    """Baselines' features on the RANK leading principal directions of what trains.

    Two thousand features of a few thousand samples are more than closed forms and perceptrons
    have use for; without this each takes minutes.
    """
    rows: dict[str, Floats] = {}
    for sense in material.senses:
        features = material.tables[BASELINES].of(sense)[:, 0]
        scaler = Standardiser.fit(features[parts.train[sense]])
        z = scaler(features)
        seen = z[parts.train[sense]]
        spectrum = Spectrum.of(scaler, seen.T @ seen / len(seen), RANK)
        rows[sense] = (z @ spectrum.vectors).astype(np.float32)[:, None]
    return Table(rows)


def _samples(material: Material, table: Table, sense: str, rows: Ints) -> Samples:
    """Plain views of some rows; the object is the class."""
    own = material.object_of[sense][rows]
    return Samples(sense, table.of(sense)[rows, 0], own, own)


def _score(material: Material, table: FeatureTable, rows: Mapping[str, Ints], most: int) -> Score:
    """Mean average precision of both directions between two senses."""
    tasks = directions(material, rows, within=False, most=most)
    return lambda heads: mean_score(heads, table, tasks, mean_average_precision)


def _system(
    name: str,
    fits: Sequence[Fit],
    material: Material,
    table: FeatureTable,
    parts: Parts,
    most: int,
) -> System:
    """A space of its own for every pair, and for every sense alone the better of its spaces.

    Better within that sense on validation, or between its pair where validation holds one sample
    of each object.
    """
    own = {'+'.join(sorted(fit.heads)): fit.heads for fit in fits}
    for sense in material.senses:
        having = [fit for fit in fits if sense in fit.heads]
        tasks = directions(material, {sense: parts.validation[sense]}, most=most)
        scores = [
            mean_score(fit.heads, table, tasks, mean_average_precision) if tasks else fit.score
            for fit in having
        ]
        if having:
            own[f'{sense}+{sense}'] = having[int(np.argmax(scores))].heads
    return System(name, {}, own)
