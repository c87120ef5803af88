# SPDX-License-Identifier: Apache-2.0
"""What the answers of the retrieval node were worth in a run of the demo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from xsense_ros.evaluation.events import Event
from xsense_ros.evaluation.score import Score
from xsense_ros.evaluation.truth import modalities
from xsense_ros.msg import MatchArray
from xsense_ros.nodes.demo.answers import summary
from xsense_ros.recording import Recording

_TOPICS = {
    'image': ('/camera/image', '/camera/image/compressed'),
    'sketch': ('/sketch', '/sketch/compressed'),
    'text': ('/text',),
}


@dataclass
class Outcome:
    """What has come of a run.

    Attributes:
        senses: sense of each kind of question.
        touches: things that are touched, and knocked on, in a round of the recording, by sense.
        scores: by kind of question.
        rounds: of the recording, begun so far.
    """

    senses: dict[str, str]
    touches: dict[str, int] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    rounds: int = 1

    def __post_init__(self) -> None:
        self.scores = {kind: Score() for kind in self.senses}

    def add(self, message: MatchArray, event: Event) -> None:
        """Count an answer."""
        self.scores.setdefault(event.kind, Score()).add(message, event)

    def dropped(self, recording: Recording) -> dict[str, int]:
        """Questions that were not answered, by kind; sound is not asked one by one.

        Of touches and knocks those count that the node has not asked: not felt, or not heard.

        Told at the first kind of each sense, of all of its kinds.
        """
        first: dict[str, str] = {}
        for kind, sense in self.senses.items():
            first.setdefault(sense, kind)
        found = {}
        sent = {
            sense: sum(count for name, count in recording.counts.items() if name in topics)
            for sense, topics in _TOPICS.items()
        }
        for sense, count in (sent | self.touches).items():
            if sense not in first:
                continue
            answers = sum(
                self.scores[kind].answers for kind in self.senses if self.senses[kind] == sense
            )
            found[first[sense]] = max(0, count * self.rounds - answers)
        return found


def _candidates(kinds: Iterable[str], items: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many things may answer a question of each kind: those with a view that is looked at."""
    views = {'image': 'picture', 'sound': 'sound'}
    return {kind: sum(views[modalities(kind)[1]] in item for item in items) for kind in kinds}


def conclude(
    outcome: Outcome, items: Sequence[dict[str, Any]], recording: Recording, console: Console
) -> dict[str, dict[str, float]]:
    """Print what the answers were worth; counts by kind, for JSON."""
    if not any(score.answers for score in outcome.scores.values()):
        return {}
    candidates = _candidates(outcome.scores, items)
    console.print()
    console.print(summary(outcome.scores, outcome.dropped(recording), candidates))
    lines = [
        'The models were trained without these things; "by kind" asks about instruments, of which '
        'the one that answers',
        'knows the kind, but neither this picture nor this recording. In brackets: a blind guess '
        'among what may answer.',
        'Sound is asked every half second: a window counts if it holds 1 s of one sound '
        '(or all of a shorter one).',
    ]
    if {'touch', 'impact'} & set(outcome.senses.values()):
        lines.append(
            'What is touched and knocked on is simulated; halfway, the tactile sensor is replaced '
            'by a unit never trained with.'
        )
    console.print('\n'.join(lines), highlight=False)
    return {kind: score.as_dict() for kind, score in outcome.scores.items()}
