# SPDX-License-Identifier: Apache-2.0
"""Events that several senses perceive at once, and what each sense says of enrolled things.

Everything is computed as the robot does it: samples through the encoder of the shipped bundles,
views met in the surest space of the pair, and of an item its best view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.encoder import Encoder
from xsense_ros.engines.manifest import SpaceSpec
from xsense_ros.retrieval import surest_first

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Targets = Mapping[str, tuple[str, ...]]
Rows = Mapping[str, Floats]  # vectors (n, D) by space


@dataclass(frozen=True)
class Views:
    """Samples of one sense: vectors by space, the thing (n,) and the moment (n,) of each."""

    vectors: Rows
    thing: Ints
    moment: Ints


@dataclass(frozen=True)
class Events:
    """What happened to some things.

    asked: by sense, row i of all of them is event i; held: by modality, what may be enrolled.
    Things are numbered 0 .. N-1. A sample of the moment of an event is never enrolled for it.
    """

    asked: Mapping[str, Views]
    held: Mapping[str, Views]

    @property
    def thing(self) -> Ints:
        """(Q,) which thing each event is of."""
        return next(iter(self.asked.values())).thing

    @property
    def things(self) -> int:
        """How many things there are."""
        return int(self.thing.max()) + 1


@dataclass(frozen=True)
class Said:
    """by_sense: log-odds (Q, N) of every thing, as each sense has them; thing: (Q,) the right."""

    by_sense: Mapping[str, Floats]
    thing: Ints

    @property
    def right(self) -> NDArray[np.bool_]:
        """(Q, N)."""
        things = next(iter(self.by_sense.values())).shape[1]
        return np.asarray(self.thing[:, None] == np.arange(things)[None, :])


def embed(encoder: Encoder, modality: str, samples: Sequence[Any], thing: Sequence[int]) -> Views:
    """Samples through the robot's encoder; each is a moment of its own, numbered in order."""
    found = [encoder.encode(modality, sample).vectors for sample in samples]
    vectors = {space: np.stack([row[space] for row in found]) for space in found[0]}
    return Views(vectors, np.asarray(thing, np.int64), np.arange(len(found)))


def listen(
    events: Events,
    spaces: Mapping[str, SpaceSpec],
    targets: Targets,
    views: int,
    draws: int = 1,
    seed: int = 0,
) -> Said:
    """What the senses say of all things, with `views` of each enrolled, drawn for every event.

    Args:
        events: of one part of the data.
        spaces: of the bundles.
        targets: by sense, the modalities of the views that answer.
        views: of each thing and modality that are enrolled, of the same moments where a thing was
            perceived by several senses at once; fewer where there are fewer.
        draws: galleries per event.
        seed: of the drawn views.
    """
    rng = np.random.default_rng(seed)
    rounds: dict[str, list[Floats]] = {sense: [] for sense in events.asked}
    for _ in range(draws):
        drawn = {
            modality: _draw(events, held, views, np.random.default_rng(draw))
            for draw in [int(rng.integers(2**31))]
            for modality, held in events.held.items()
        }
        for sense, asked in events.asked.items():
            heard = [
                _heard(asked, events.held[target], drawn[target], spaces, sense, target)
                for target in targets[sense]
            ]
            rounds[sense].append(np.max(heard, axis=0))
    by_sense = {sense: np.concatenate(found) for sense, found in rounds.items()}
    return Said(by_sense, np.tile(events.thing, draws))


def _draw(events: Events, held: Views, views: int, rng: np.random.Generator) -> list[Ints]:
    """Per thing, rows (Q, views) of what is enrolled of it."""
    moments = next(iter(events.asked.values())).moment
    found = []
    for thing in range(events.things):
        rows = np.flatnonzero(held.thing == thing)
        keys = rng.random((len(moments), len(rows)))
        own = held.moment[rows][None, :] == moments[:, None]
        count = min(views, len(rows) - int(own.sum(axis=1).max()))
        found.append(rows[np.argsort(np.where(own, np.inf, keys), axis=1)[:, :count]])
    return found


def _heard(
    asked: Views,
    held: Views,
    drawn: Sequence[Ints],
    spaces: Mapping[str, SpaceSpec],
    sense: str,
    target: str,
) -> Floats:
    """(Q, N) log-odds of the best enrolled view of each thing."""
    name, calibration = surest_first(spaces, sense, target)[0]
    cosines = asked.vectors[name] @ held.vectors[name].T
    best = [np.take_along_axis(cosines, rows, axis=1).max(axis=1) for rows in drawn]
    return np.asarray(calibration.slope * np.stack(best, axis=1) + calibration.intercept)
