# SPDX-License-Identifier: Apache-2.0
"""One question by several senses: samples of the same event, asked together, answered once.

Each sense looks for itself, as `xsense_ros.retrieval` does; what they say of an item is joined by
the fusion that was measured for these senses, targets and models (`xsense_ros.fusion.rules`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.encoder import Encoding
from xsense_ros.errors import InputError
from xsense_ros.fusion.measured import Measured, choose, ways_of
from xsense_ros.fusion.rules import Fusion, joint_name
from xsense_ros.retrieval import (
    Answer,
    Candidate,
    RankedMatch,
    Retriever,
    best_of_items,
    check_thresholds,
    first_given,
    logistic,
)

# Items of each sense that are looked at: one that is good to two senses need not be the best to
# either.
DEPTH = 200


@dataclass(frozen=True)
class _Heard:
    """What one sense says: its best view of each item, and the most it may say of any other.

    ``rest`` [log-odds] is NaN where all items that the sense has views of were found.
    """

    best: Mapping[str, Candidate]
    targets: tuple[str, ...]
    rest: float


class Together:
    """Asks with several senses at once. Thread-safe.

    Args:
        retriever: asks with each.
        fusions: that were measured; for anything else the sum of log-odds ranks.
        min_probability: replaces the fusion's own threshold, in [0, 1].
        min_margin: replaces the fusion's own threshold, in [0, 1].

    Raises:
        InputError: a threshold outside of [0, 1].
    """

    def __init__(
        self,
        retriever: Retriever,
        fusions: Sequence[Measured] = (),
        *,
        min_probability: float | None = None,
        min_margin: float | None = None,
    ) -> None:
        check_thresholds(min_probability, min_margin)
        self._retriever = retriever
        self._fusions = fusions
        self._min_probability = min_probability
        self._min_margin = min_margin

    def check(self, targets: Mapping[str, Sequence[str]], k: int) -> None:
        """InputError for senses that cannot be asked together.

        Args:
            targets: of each sense, modalities of the views to look among.
            k: most matches to return.
        """
        if len(targets) < 2:
            cure = 'ask with it alone, or give a sample of another sense'
            raise InputError('senses asked together', list(targets), 'at least two', cure)
        for sense, own in targets.items():
            self._retriever.check(sense, own, k)

    def answer(
        self, encodings: Mapping[str, Encoding], targets: Mapping[str, Sequence[str]], k: int
    ) -> Answer:
        """Look up samples of one event that are encoded already.

        Of a match, `space`, `modality` and `cosine` are those of the view that said most for it.
        Items that one of the senses has no view of are judged by the others.

        Args:
            encodings: by sense, at least two.
            targets: of each sense, modalities of the views to look among.
            k: most matches to return, at least 1.

        Raises:
            InputError: fewer than two senses, a target that cannot be reached, or a bad k.
            GalleryError: the gallery cannot be read.
        """
        self.check(targets, k)
        start = time.perf_counter()
        version = self._retriever.gallery_version
        heard = {
            sense: self._hear(sense, encoding, targets[sense], max(k + 1, DEPTH))
            for sense, encoding in sorted(encodings.items())
        }
        fusion = self._fusion(heard)
        matches = self._matches(heard, fusion, k)
        return Answer(
            query_modality=joint_name(list(heard)),
            target_modalities=tuple(
                sorted({target for sense in heard for target in targets[sense]})
            ),
            matches=matches,
            accepted=bool(matches) and matches[0].accepted,
            gallery_version=version,
            preprocess_ms=sum(encoding.preprocess_ms for encoding in encodings.values()),
            encode_ms=sum(encoding.encode_ms for encoding in encodings.values()),
            search_ms=(time.perf_counter() - start) * 1e3,
        )

    def _hear(self, sense: str, encoding: Encoding, targets: Sequence[str], depth: int) -> _Heard:
        found = self._retriever.candidates(sense, encoding, targets, depth)
        # A search that came back full may have left items out, which are no better than its last.
        lasts = [
            min(own, key=lambda candidate: candidate.log_odds).log_odds
            for target in set(targets)
            if len(own := [c for c in found if c.modality == target]) >= depth
        ]
        answering = tuple(sorted({candidate.modality for candidate in found}))
        return _Heard(best_of_items(found), answering, max(lasts, default=math.nan))

    def _fusion(self, heard: Mapping[str, _Heard]) -> Fusion:
        """That was measured for the targets that do answer, of those that were asked."""
        surest = {
            f'{sense}->{target}': self._retriever.surest(sense, target)
            for sense, own in heard.items()
            for target in own.targets
        }
        ways = ways_of(surest, self._retriever.all_spaces)
        return choose(self._fusions, {sense: own.targets for sense, own in heard.items()}, ways)

    def _matches(
        self, heard: Mapping[str, _Heard], fusion: Fusion, k: int
    ) -> tuple[RankedMatch, ...]:
        items = list(dict.fromkeys(item for own in heard.values() for item in own.best))
        if not items:
            return ()
        scores = fusion.score({sense: _evidence(own, items) for sense, own in heard.items()})
        calibration = fusion.calibration
        order = np.argsort(-scores, kind='stable')
        probabilities = [logistic(calibration, float(score)) for score in scores[order]]
        least = first_given(self._min_probability, calibration.min_probability)
        gap = first_given(self._min_margin, calibration.min_margin)
        matches = []
        for place, row in enumerate(order[:k]):
            others = probabilities[1:2] if place == 0 else probabilities[:1]
            margin = probabilities[place] - (others[0] if others else 0.0)
            view = _decisive(heard, items[row], fusion)
            first = place == 0
            matches.append(
                RankedMatch(
                    item_id=view.hit.item_id,
                    label=view.hit.label,
                    rank=place + 1,
                    space=view.space,
                    modality=view.modality,
                    cosine=view.hit.score,
                    probability=probabilities[place],
                    margin=margin,
                    accepted=first and probabilities[place] >= least and margin >= gap,
                )
            )
        return tuple(matches)


def _evidence(heard: _Heard, items: Sequence[str]) -> NDArray[np.float64]:
    """(N,) log-odds of the items, as one sense has them."""
    said = [heard.best[item].log_odds if item in heard.best else heard.rest for item in items]
    return np.asarray(said, np.float64)


def _decisive(heard: Mapping[str, _Heard], item: str, fusion: Fusion) -> Candidate:
    """The view that said most for an item."""
    found = [(sense, own.best[item]) for sense, own in heard.items() if item in own.best]
    return max(found, key=lambda said: fusion.share(said[0], said[1].log_odds))[1]
