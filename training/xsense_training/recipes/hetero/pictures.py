# SPDX-License-Identifier: Apache-2.0
"""The picture of the matcher: searches of the judged lists, with what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from xsense_ros.engines.manifest import PresenceSpec
from xsense_ros.matching.boxes import overlap
from xsense_training.evaluate.match_picture import Shown, draw_searches_found
from xsense_training.export.calibration import sigmoid
from xsense_training.recipes.hetero.evaluating import Method
from xsense_training.recipes.hetero.protocol import Search, search_view, template_view
from xsense_training.recipes.hetero.questions import Asked, Question, ask

_PRESENT, _ABSENT = 3, 1  # of each question; its hardest protocol
_RIGHT = 0.5  # overlap of a box that is right


def draw_matching(
    questions: Sequence[Question],
    root: Path | None,
    method: Method,
    presence: PresenceSpec,
    path: Path,
    seed: int = 0,
) -> None:
    """Some searches of every question under the 'harder' protocol, drawn at random.

    Args:
        questions: that were judged.
        root: data root of the embedded sets.
        method: what answers.
        presence: what it takes to say "found".
        path: JPEG to write.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    shown: list[Shown] = []
    for question in questions:
        if question.protocol == 'harder':
            shown += _some(ask(question, root), method, presence, rng)
    draw_searches_found(shown, path)


def _some(
    asked: Asked, method: Method, presence: PresenceSpec, rng: np.random.Generator
) -> Iterator[Shown]:
    present = [s for s in asked.searches if s.present]
    absent = [s for s in asked.searches if not s.present]
    for own, count in ((present, _PRESENT), (absent, _ABSENT)):
        for number in sorted(rng.choice(len(own), min(count, len(own)), replace=False)):
            yield _shown(asked, own[int(number)], method, presence)


def _shown(asked: Asked, search: Search, method: Method, presence: PresenceSpec) -> Shown:
    template = template_view(asked.pairs.load(search.target.pair), search.target, method.look)
    view = search_view(asked.pairs.load(search.pair), search, method.look)
    place, score = method.locate(template, view)
    probability = float(sigmoid(np.array(presence.slope * score + presence.intercept)))
    said = probability >= presence.min_probability
    found = method.look.box(search.target, place) if said else None
    truth = None
    if search.present:
        truth = method.look.search_crop(search).boxes_to_crop(search.target.there)
    if truth is None or found is None:
        right = truth is found
    else:
        right = bool(overlap(found, truth) >= _RIGHT)
    title = f'{asked.pairs.dataset}\n{"there" if search.present else "not there"}'
    return Shown(title, template, view, truth, found, right)
