# SPDX-License-Identifier: Apache-2.0
"""Asks a gallery with the questions of a recording, and compares the answers with the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xsense_ros.encoder import Encoder, Encoding
from xsense_ros.evaluation.events import Event
from xsense_ros.evaluation.labelled import Labelled
from xsense_ros.evaluation.questions import Question
from xsense_ros.evaluation.score import Score, percentile
from xsense_ros.gallery.item import Item
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.retrieval import Answer, RankedMatch, Retriever

_MOST_MATCHES = 1000
_STAGES = ('decode_ms', 'preprocess_ms', 'encode_ms', 'search_ms')


@dataclass(frozen=True)
class Asked:
    """A question, what it was about, and its answer; ``stages`` are milliseconds by name."""

    question: Question
    target: str
    event: Event
    answer: Answer
    stages: Mapping[str, float]

    @property
    def matches(self) -> tuple[RankedMatch, ...]:
        """In order of rank."""
        return self.answer.matches

    @property
    def accepted(self) -> bool:
        """Whether the first match counts as recognised."""
        return self.answer.accepted

    @property
    def total_ms(self) -> float:
        """From serialised message to matches."""
        return sum(self.stages.values())


@dataclass
class PairScore:
    """Counts of one pair of modalities, or of one kind of its questions."""

    query: str
    target: str
    candidates: int
    score: Score = field(default_factory=Score)
    intervals: set[int] = field(default_factory=set)  # begin of those of known items
    stages: dict[str, list[float]] = field(
        default_factory=lambda: {stage: [] for stage in _STAGES}
    )

    def add(self, asked: Asked) -> None:
        """Count an answer."""
        self.score.add(asked, asked.event)
        if asked.event.known:
            self.intervals.add(asked.event.begin_ns)
        for stage, spent in asked.stages.items():
            self.stages[stage].append(spent)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: shares are None where there is nothing that they could be a share of."""
        score = self.score
        return {
            'query': self.query,
            'target': self.target,
            'candidates': self.candidates,
            'questions': score.answers,
            'known': score.known,
            'known_intervals': len(self.intervals),
            'recall_at_1': _share(score.first, score.known),
            'recall_at_5': _share(score.first_five, score.known),
            'mean_average_precision': _share(score.reciprocal_ranks, score.known),
            'chance_at_1': _share(1, self.candidates),
            'accepted': score.accepted,
            'accept_rate': _share(score.accepted, score.answers),
            'accepted_right': score.accepted_right,
            'unknown': score.strangers,
            'unknown_refused': score.refused,
            'unknown_refused_share': _share(score.refused, score.strangers),
            'latency_ms': {f'p{p}': score.latency(p) for p in (50, 95, 99)},
            'stages_p50_ms': {
                stage.removesuffix('_ms'): percentile(spent, 50)
                for stage, spent in self.stages.items()
            },
        }


class Evaluator:
    """Asks, and counts by kind of question.

    Args:
        encoder: warmed up.
        gallery: with the items.
        labelled: the truth; its items are named by id or label.
        min_probability: of accepted matches; None: the bundle's calibration.
        min_margin: of accepted matches; None: the bundle's calibration.
        told: each answer is given to it.

    Attributes:
        pairs: counts by kind, such as 'sound -> image'.
        missing: items of the truth that are not in the gallery, or have no view of the modality
            that was asked for; questions about them are left out.

    Raises:
        InputError: a label of the truth that several items have.
        GalleryError: a gallery that cannot be read.
    """

    def __init__(
        self,
        encoder: Encoder,
        gallery: GalleryLike,
        labelled: Labelled,
        *,
        min_probability: float | None = None,
        min_margin: float | None = None,
        told: Callable[[Asked], None] = lambda asked: None,
    ) -> None:
        self._encoder = encoder
        self._told = told
        self._retriever = Retriever(
            encoder, gallery, min_probability=min_probability, min_margin=min_margin
        )
        items = gallery.items()
        self._views = _views(items)
        labels: dict[str, list[str]] = {}
        for item in items:
            labels.setdefault(item.label, []).append(item.item_id)
        self._labelled = labelled.resolved(labels, {item.item_id for item in items})
        self._most = max(5, min(len(items), _MOST_MATCHES))
        self.pairs: dict[str, PairScore] = {}
        self.missing: dict[str, int] = {}

    def ask(self, questions: Iterable[Question], taught: Sequence[Event] = ()) -> None:
        """Ask questions, apart from those that nothing is known of.

        Args:
            questions: in any order.
            taught: events from which the gallery has been filled; they are not asked again.

        Raises:
            InputError: a sample that cannot be encoded.
            XsenseError: inference or search failed.
        """
        learnt = {(event.sense, event.begin_ns) for event in taught}
        for question in questions:
            wanted = self._targets(question, learnt)
            if wanted:
                self._ask(question, wanted)

    def _targets(self, question: Question, learnt: set[tuple[str, int]]) -> dict[str, Event]:
        """What to ask for: event by target."""
        if question.modality not in self._encoder.modalities:
            return {}
        reachable = [
            target
            for target in self._retriever.reachable(question.modality)
            if target in self._views
        ]
        wanted: dict[str, Event] = {}
        for event in self._labelled.about(question):
            if (event.sense, event.begin_ns) in learnt:
                continue
            for target in [event.target] if event.target else reachable:
                if target not in reachable:
                    continue
                if event.known and event.truth not in self._views[target]:
                    self.missing[event.truth] = self.missing.get(event.truth, 0) + 1
                elif event.target or target not in wanted:
                    wanted[target] = event
        return wanted

    def _ask(self, question: Question, wanted: Mapping[str, Event]) -> None:
        spaces = self._retriever.spaces(question.modality, tuple(wanted))
        encoding = self._encoder.encode_all(question.modality, question.samples, spaces)
        for target, event in wanted.items():
            answer = self._retriever.answer(question.modality, encoding, (target,), self._most)
            stages = _stages(question, encoding, answer)
            asked = Asked(question, target, event, answer, stages)
            kind = event.kind or f'{question.modality} -> {target}'
            pair = self.pairs.get(kind)
            if pair is None:
                candidates = len(self._views[target])
                pair = self.pairs[kind] = PairScore(question.modality, target, candidates)
            pair.add(asked)
            self._told(asked)


def answer_as_dict(asked: Asked) -> dict[str, Any]:
    """One answer for JSON, named as the fields of MatchArray; the truth with it."""
    return {
        'stamp_ns': asked.question.stamp_ns,
        'query_modality': asked.question.modality,
        'query_text': asked.question.text,
        'target_modality': asked.target,
        'truth': asked.event.truth,
        'accepted': asked.accepted,
        'matches': [
            {
                'item_id': match.item_id,
                'label': match.label,
                'rank': match.rank,
                'space': match.space,
                'score': match.cosine,
                'probability': match.probability,
                'margin': match.margin,
            }
            for match in asked.matches[:5]
        ],
        **asked.stages,
    }


def warm_up(encoder: Encoder) -> float:
    """Run every model once, so that no question pays for it; seconds that it took."""
    begun = time.perf_counter()
    encoder.warm_up()
    return time.perf_counter() - begun


def _stages(question: Question, encoding: Encoding, answer: Answer) -> dict[str, float]:
    spent = (question.decode_ms, encoding.preprocess_ms, encoding.encode_ms, answer.search_ms)
    return dict(zip(_STAGES, spent, strict=True))


def _views(items: Iterable[Item]) -> dict[str, set[str]]:
    """Ids of the items that have a view of each modality."""
    found: dict[str, set[str]] = {}
    for item in items:
        for view in item.views:
            found.setdefault(view.modality, set()).add(item.item_id)
    return found


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
