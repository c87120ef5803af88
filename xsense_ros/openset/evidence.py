# SPDX-License-Identifier: Apache-2.0
"""What a gallery says of its own views, as if each had been asked and not been enrolled.

A view is asked in turn; of the others the best of each item answers, as in retrieval. That item
is right of which the asked view is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration, SpaceSpec
from xsense_ros.errors import GalleryError
from xsense_ros.gallery.item import Vectors
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.retrieval import surest_first

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
MOST_ASKED = 2000  # views of a modality that are asked, evenly spread: the figures need no more


@dataclass(frozen=True)
class Pair:
    """An ordered pair of modalities that meets in a space; ``used``: where robots ask it."""

    sense: str
    target: str
    space: str
    calibration: Calibration
    used: bool

    @property
    def name(self) -> str:
        """'touch->image'."""
        return f'{self.sense}->{self.target}'


@dataclass(frozen=True)
class Evidence:
    """Log-odds (Q, N) of all items for each asked view; NaN where an item has no view to answer.

    ``item`` (Q,): number of the item whose view was asked; ``view_ids`` (Q,): which view.
    """

    log_odds: Floats
    item: Ints
    view_ids: Ints


class Views:
    """The vectors of a gallery, as far as the models at hand know what they mean.

    Args:
        gallery: open.
        spaces: of the bundles, by name.

    Raises:
        GalleryError: no space of the gallery is one of these, or nothing is enrolled.

    Attributes:
        item_ids: all items that have vectors, in order of enrolment.
        labels: by item id.
        spaces: those of ``spaces`` that the gallery was made with.
    """

    def __init__(self, gallery: GalleryLike, spaces: Mapping[str, SpaceSpec]) -> None:
        recorded = gallery.spaces
        self.spaces = {
            name: spec for name, spec in spaces.items() if recorded.get(name) == spec.fingerprint
        }
        if not self.spaces:
            raise GalleryError(
                'spaces of the gallery',
                sorted(recorded),
                f'one of {sorted(spaces)}, made with the same models',
                'name the bundles that it was made with (--bundle), or `xsense gallery rebuild`',
            )
        self._vectors: dict[tuple[str, str], Vectors] = {}
        self.labels: dict[str, str] = {}
        for name, spec in self.spaces.items():
            for modality in spec.towers:
                found = gallery.vectors(name, modality)
                if len(found.matrix):
                    self._vectors[name, modality] = found
                    self.labels.update(zip(found.item_ids, found.labels, strict=True))
        if not self._vectors:
            cure = 'enrol things first: `xsense enroll`, `xsense gallery import`'
            raise GalleryError('gallery', 'no views', 'things that were enrolled', cure)
        self.item_ids = tuple(self.labels)
        self._number = {item: number for number, item in enumerate(self.item_ids)}

    @property
    def held(self) -> list[tuple[str, str]]:
        """(space, modality) of all vectors."""
        return list(self._vectors)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities that have views, in alphabetical order."""
        return tuple(sorted({modality for _, modality in self._vectors}))

    def vectors(self, space: str, modality: str) -> Vectors:
        """Those of one space and modality."""
        return self._vectors[space, modality]

    def items(self, space: str, modality: str) -> Ints:
        """(N,) number of the item of each vector, as in ``item_ids``."""
        found = self._vectors[space, modality].item_ids
        return np.array([self._number[item] for item in found], np.int64)

    def pairs(self, targets: Iterable[str] = ()) -> list[Pair]:
        """All pairs whose views are there, in every space.

        Args:
            targets: only these: 'image' may answer all senses, 'touch=image' that sense; none
                named: every modality may answer every sense.
        """
        wanted = set(targets)
        return [
            Pair(sense, target, space, calibration, place == 0)
            for sense in self.modalities
            for target in self.modalities
            if not wanted or {target, f'{sense}={target}'} & wanted
            for place, (space, calibration) in enumerate(surest_first(self.spaces, sense, target))
            if {(space, sense), (space, target)} <= self._vectors.keys()
        ]

    def evidence(self, pair: Pair) -> Evidence:
        """What a pair says of each asked view of its sense."""
        asked, held = self.vectors(pair.space, pair.sense), self.vectors(pair.space, pair.target)
        rows = _spread(len(asked.matrix))
        owner = self.items(pair.space, pair.target)
        order = np.argsort(owner, kind='stable')
        owners, starts = np.unique(owner[order], return_index=True)
        cosines = asked.matrix[rows] @ held.matrix[order].T
        view_ids = np.array(asked.view_ids, np.int64)[rows]
        itself = view_ids[:, None] == np.array(held.view_ids, np.int64)[order][None, :]
        best = np.maximum.reduceat(np.where(itself, -np.inf, cosines), starts, axis=1)
        log_odds = np.full((len(rows), len(self.item_ids)), np.nan)
        calibration = pair.calibration
        log_odds[:, owners] = np.where(
            np.isinf(best), np.nan, calibration.slope * best + calibration.intercept
        )
        return Evidence(log_odds, self.items(pair.space, pair.sense)[rows], view_ids)

    def joint(self, senses: Sequence[Sequence[Pair]]) -> list[Evidence]:
        """What several senses say of the same events, row by row.

        An event is one view of each sense of an item: the first with the first, the second with
        the second, and those of the sense that has fewer again from the beginning.

        Args:
            senses: of each sense, the pairs that answer it.

        Raises:
            GalleryError: no item has views of all senses.
        """
        said = [self._all_targets(pairs) for pairs in senses]
        rows: list[tuple[int, ...]] = []
        for item in range(len(self.item_ids)):
            own = [np.flatnonzero(found.item == item) for found in said]
            most = max(map(len, own)) if all(map(len, own)) else 0
            rows += [tuple(int(r[i % len(r)]) for r in own) for i in range(most)]
        if not rows:
            names = ' and '.join(pairs[0].sense for pairs in senses)
            cure = 'enrol both of each thing (`xsense enroll --id`)'
            raise GalleryError('events', 'none', f'items with views of {names}', cure)
        return [
            Evidence(found.log_odds[own], found.item[own], found.view_ids[own])
            for found, own in zip(said, np.array(rows, np.int64).T, strict=True)
        ]

    def _all_targets(self, pairs: Sequence[Pair]) -> Evidence:
        """Of each item its best view of any target."""
        found = [self.evidence(pair) for pair in pairs]
        log_odds = np.fmax.reduce([one.log_odds for one in found])
        return Evidence(log_odds, found[0].item, found[0].view_ids)


def _spread(count: int) -> Ints:
    """Numbers of at most MOST_ASKED of so many rows, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_ASKED)).astype(np.int64))
