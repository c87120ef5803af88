# SPDX-License-Identifier: Apache-2.0
"""What another precision does to the boxes of a matcher, and to how many of them are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.bundle import Bundle
from xsense_ros.matching.boxes import overlap
from xsense_ros.matching.matcher import Matcher
from xsense_training.export.precision_drift import BOXES, Change, Drift, Measured
from xsense_training.export.precision_int8 import Feed

RIGHT = 0.5  # overlap from which a box counts as right


@dataclass(frozen=True)
class SearchSample:
    """template: RGB uint8 (T, T, 3); view: (S, S), raw; square: (4,) in it, None: not in it."""

    template: NDArray[np.uint8]
    view: NDArray[Any]
    square: NDArray[np.floating] | None


@dataclass(frozen=True)
class Matches:
    """boxes (N, 4), and whether each counts as found (N,)."""

    boxes: NDArray[np.floating]
    found: NDArray[np.bool_]


@dataclass(frozen=True)
class MatchJudge:
    """Judges a matcher. fitted: searches for ranges of activations; judged: others, to compare."""

    fitted: Sequence[SearchSample]
    judged: Sequence[SearchSample]

    def feeds(self, bundle: Bundle) -> dict[str, list[Feed]]:
        """What each model gets in fp32 when the fitted searches are asked."""
        (matcher,) = bundle.manifest.matchers.values()
        (encoder,), (finder,) = matcher.template.stages, matcher.search.stages
        engine, _ = load_engine(
            bundle.model_path(encoder), bundle.manifest.models[encoder], threads=1
        )
        of_template = bundle.preprocessors[matcher.template.preprocess]
        of_search = bundle.preprocessors[matcher.search.preprocess]
        feeds: dict[str, list[Feed]] = {encoder: [], finder: []}
        for one in self.fitted:
            feeds[encoder].append(of_template(one.template))
            kept = engine.infer(feeds[encoder][-1])
            feeds[finder].append({**of_search(one.view), **kept})
        engine.close()
        return feeds

    def answers(self, bundle: Bundle) -> Matches:
        """By the robot's own matcher."""
        matcher = Matcher.load(bundle, threads=1)
        try:
            found = [matcher.find(one.view, matcher.encode(one.template)) for one in self.judged]
        finally:
            matcher.close()
        sure = [answer.probability >= matcher.min_probability for answer in found]
        return Matches(np.array([answer.box for answer in found]), np.array(sure))

    def compare(self, exact: Matches, lower: Matches) -> Measured:
        """Overlap of boxes where the thing is; share of right answers: found there, or not."""
        there = np.array([one.square is not None for one in self.judged])
        same = overlap(exact.boxes, np.nan_to_num(lower.boxes))[there]
        before, after = (self._right(matches) for matches in (exact, lower))
        box = Drift('overlap of boxes', float(same.mean()), float(same.min()), len(same), BOXES)
        points = 100 * float(after.mean() - before.mean())
        asked = len(self.judged)
        change = Change('share of right answers', float(before.mean()), points, asked)
        return Measured({'box': box}, {'template->search': change})

    def _right(self, matches: Matches) -> NDArray[np.bool_]:
        return np.array(
            [
                not found
                if one.square is None
                else bool(found) and bool(overlap(box, one.square) >= RIGHT)
                for one, box, found in zip(self.judged, matches.boxes, matches.found, strict=True)
            ]
        )
