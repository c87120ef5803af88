# SPDX-License-Identifier: Apache-2.0
"""From a sample to ranked matches, and to the decision whether the first of them is one.

A query of modality M reaches views of modality T through every space that has a tower for both.
Cosines of different pairs and spaces are not comparable, so each is turned into a probability by
the calibration of its pair, p = 1 / (1 + exp(-(slope * cosine + intercept))), and the matches are
merged by it: each item counts with its most probable view.

Where several spaces hold a pair, each view counts in the surest of them that it was enrolled in:
the one whose calibration gives the highest probability to a perfect cosine. The most probable of
all spaces would be the loudest, not the best: a space that knows kinds of things says of every
violin that it is the same.

The set of things a robot meets is open: the nearest item of a gallery need not be the thing. The
first match is accepted only if its probability reaches ``min_probability`` and its margin, the
distance to the most probable other item, reaches ``min_margin``. Everything else is an "unknown".
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xsense_ros.encoder import Encoder, Encoding
from xsense_ros.engines.manifest import Calibration, SpaceSpec
from xsense_ros.errors import InputError
from xsense_ros.gallery.item import Hit
from xsense_ros.gallery.protocol import GalleryLike

# For a pair without calibration in its bundle: the logistic of the bare cosine keeps the order and
# stays near one half, and nothing is accepted unless the user sets min_probability.
NEUTRAL = Calibration(slope=1.0, intercept=0.0, min_probability=1.0, min_margin=0.0)


@dataclass(frozen=True)
class RankedMatch:
    """One item of an answer; ``rank`` counts from 1.

    ``space`` and ``modality`` are those of the view that decided. ``margin`` is the probability
    minus that of the most probable other item of the gallery (0 if there is none): positive or
    zero for rank 1, at most zero for the others.
    """

    item_id: str
    label: str
    rank: int
    space: str
    modality: str
    cosine: float
    probability: float
    margin: float
    accepted: bool


@dataclass(frozen=True)
class Answer:
    """Matches in order of rank. ``accepted`` is that of the first; False also for no matches."""

    query_modality: str
    target_modalities: tuple[str, ...]
    matches: tuple[RankedMatch, ...]
    accepted: bool
    gallery_version: int
    preprocess_ms: float
    encode_ms: float
    search_ms: float


@dataclass(frozen=True)
class Candidate:
    """A view that may answer, found in a space, with what its cosine means there."""

    hit: Hit
    space: str
    modality: str
    calibration: Calibration
    probability: float

    @property
    def log_odds(self) -> float:
        """Of its probability, without the rounding of one that is nearly 0 or 1."""
        return self.calibration.slope * self.hit.score + self.calibration.intercept


class Retriever:
    """Asks a gallery with what an encoder makes of a sample. Thread-safe.

    Args:
        encoder: its spaces hold the calibrations.
        gallery: opened with the fingerprints of this encoder.
        min_probability: replaces the calibrations' own threshold, in [0, 1].
        min_margin: replaces the calibrations' own threshold, in [0, 1].

    Raises:
        InputError: a threshold outside of [0, 1].
    """

    def __init__(
        self,
        encoder: Encoder,
        gallery: GalleryLike,
        *,
        min_probability: float | None = None,
        min_margin: float | None = None,
    ) -> None:
        check_thresholds(min_probability, min_margin)
        self._encoder = encoder
        self._gallery = gallery
        self._min_probability = min_probability
        self._min_margin = min_margin

    @property
    def gallery_version(self) -> int:
        """Number of changes of the gallery so far."""
        return self._gallery.version

    @property
    def all_spaces(self) -> Mapping[str, SpaceSpec]:
        """The spaces of all bundles by name."""
        return self._encoder.spaces

    def reachable(self, modality: str) -> tuple[str, ...]:
        """Modalities that a query of ``modality`` can be answered in, in alphabetical order."""
        spaces = [space for space in self._encoder.spaces.values() if modality in space.towers]
        return tuple(sorted({target for space in spaces for target in space.towers}))

    def ask(self, modality: str, sample: Any, targets: Sequence[str], k: int) -> Answer:
        """Encode a sample and look it up; see ``Encoder.encode`` and ``answer``."""
        # Checked first: a question that has no answer must not cost an inference.
        self.check(modality, targets, k)
        encoding = self._encoder.encode(modality, sample, self.spaces(modality, targets))
        return self.answer(modality, encoding, targets, k)

    def surest(self, modality: str, target: str) -> tuple[str, Calibration]:
        """The space that answers a pair of modalities, and the calibration of the pair."""
        return surest_first(self._encoder.spaces, modality, target)[0]

    def spaces(self, modality: str, targets: Sequence[str]) -> set[str]:
        """Spaces in which a query must be embedded to be answered from this gallery as it is."""
        return {name for target in targets for name, _ in self._ways(modality, target)}

    def answer(self, modality: str, encoding: Encoding, targets: Sequence[str], k: int) -> Answer:
        """Look up a sample that is encoded already.

        Args:
            modality: of the query.
            encoding: of the query.
            targets: modalities of the views to look among.
            k: most matches to return, at least 1.

        Raises:
            InputError: a target that cannot be reached, or a bad k.
            GalleryError: the gallery cannot be read.
        """
        targets = self.check(modality, targets, k)
        start = time.perf_counter()
        version = self._gallery.version
        # One more than asked for: the margin needs a runner-up. A probability grows with its
        # cosine, so the first k + 1 of each search hold the first k + 1 of all.
        best = best_of_items(self.candidates(modality, encoding, targets, k + 1))
        ranked = sorted(best.values(), key=_order)
        matches = tuple(
            self._match(rank, candidate, ranked)
            for rank, candidate in enumerate(ranked[:k], start=1)
        )
        return Answer(
            query_modality=modality,
            target_modalities=targets,
            matches=matches,
            accepted=bool(matches) and matches[0].accepted,
            gallery_version=version,
            preprocess_ms=encoding.preprocess_ms,
            encode_ms=encoding.encode_ms,
            search_ms=(time.perf_counter() - start) * 1e3,
        )

    def check(self, modality: str, targets: Sequence[str], k: int) -> tuple[str, ...]:
        """The targets without repetitions; InputError for what cannot be asked."""
        if k < 1:
            raise InputError('k', k, 'an integer >= 1', 'ask for at least one match')
        reachable = self.reachable(modality)
        cure = 'ask for another target, or load a bundle whose space holds both modalities'
        if not targets:
            raise InputError('targets', list(targets), f'some of {list(reachable)}', cure)
        for target in targets:
            if target not in reachable:
                what = f'target modality of a query by {modality}'
                raise InputError(what, target, f'one of {list(reachable)}', cure)
        return tuple(dict.fromkeys(targets))

    def candidates(
        self, modality: str, encoding: Encoding, targets: Sequence[str], k: int
    ) -> list[Candidate]:
        """The ``k`` nearest items of each target in each space that answers, by their views."""
        found = []
        for target in targets:
            surer: list[str] = []
            for name, calibration in self._ways(modality, target):
                vector = encoding.vectors.get(name)
                if vector is None:  # the gallery has changed since the query was embedded
                    continue
                hits = self._gallery.search(name, target, vector, k)
                for space in surer:
                    lacking = self._gallery.lacking(space, target, [hit.view_id for hit in hits])
                    hits = [hit for hit in hits if hit.view_id in lacking]
                found += [
                    Candidate(hit, name, target, calibration, logistic(calibration, hit.score))
                    for hit in hits
                ]
                surer.append(name)
        return found

    def _ways(self, modality: str, target: str) -> list[tuple[str, Calibration]]:
        """Spaces that answer a pair of modalities, with their calibration, the surest first.

        They end with the first that holds all views of the gallery: the next would add nothing.
        """
        spaces = surest_first(self._encoder.spaces, modality, target)
        for place, (name, _) in enumerate(spaces[:-1], start=1):
            if self._gallery.is_complete(name, target):
                return spaces[:place]
        return spaces

    def _match(self, rank: int, candidate: Candidate, ranked: Sequence[Candidate]) -> RankedMatch:
        calibration = candidate.calibration
        others = ranked[1:2] if rank == 1 else ranked[:1]
        margin = candidate.probability - (others[0].probability if others else 0.0)
        least = first_given(self._min_probability, calibration.min_probability)
        gap = first_given(self._min_margin, calibration.min_margin)
        return RankedMatch(
            item_id=candidate.hit.item_id,
            label=candidate.hit.label,
            rank=rank,
            space=candidate.space,
            modality=candidate.modality,
            cosine=candidate.hit.score,
            probability=candidate.probability,
            margin=margin,
            accepted=rank == 1 and candidate.probability >= least and margin >= gap,
        )


def surest_first(
    spaces: Mapping[str, SpaceSpec], modality: str, target: str
) -> list[tuple[str, Calibration]]:
    """Spaces that hold both modalities, with the calibration of the pair, the surest first."""
    pair = f'{modality}->{target}'
    found = [
        (name, space.calibration.get(pair, NEUTRAL))
        for name, space in spaces.items()
        if modality in space.towers and target in space.towers
    ]
    # The neutral calibration is a guess: it stands behind all that were measured.
    return sorted(found, key=lambda way: (way[1] is NEUTRAL, -logistic(way[1], 1.0)))


def best_of_items(candidates: Iterable[Candidate]) -> dict[str, Candidate]:
    """Item id -> its most probable view."""
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        known = best.get(candidate.hit.item_id)
        if known is None or _order(candidate) < _order(known):
            best[candidate.hit.item_id] = candidate
    return best


def check_thresholds(min_probability: float | None, min_margin: float | None) -> None:
    """InputError for a threshold outside of [0, 1]."""
    for name, value in (('min_probability', min_probability), ('min_margin', min_margin)):
        if value is not None and not 0.0 <= value <= 1.0:
            cure = f"leave {name} out to use the bundle's own"
            raise InputError(name, value, 'a number within [0, 1]', cure)


def logistic(calibration: Calibration, cosine: float) -> float:
    """Probability that a match of this cosine is right."""
    value = calibration.slope * cosine + calibration.intercept
    # The exponent is kept negative, where it cannot overflow.
    power = math.exp(-abs(value))
    return 1.0 / (1.0 + power) if value >= 0 else power / (1.0 + power)


def _order(candidate: Candidate) -> tuple[float, float, int]:
    """Best first: probability, then cosine, then time of enrolment."""
    return (-candidate.probability, -candidate.hit.score, candidate.hit.view_id)


def first_given(override: float | None, default: float) -> float:
    """What the user wants, or else what was calibrated."""
    return default if override is None else override
