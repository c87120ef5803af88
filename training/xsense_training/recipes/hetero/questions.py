# SPDX-License-Identifier: Apache-2.0
"""The fixed lists of searches that a matcher is judged, chosen and calibrated on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xsense_training.data.registered_pair import PairSet
from xsense_training.recipes.hetero.protocol import JITTERS, Search, draw_searches
from xsense_training.recipes.hetero.sets import Part, open_set
from xsense_training.recipes.registry import EMBEDDED

NAME = 'hetero'
NEVER_TRAINED = ', sensor never trained on'


@dataclass(frozen=True)
class Question:
    """source: as `open_set` takes it; protocol: in JITTERS; searches with and without a target."""

    source: str
    protocol: str
    present: int = 300
    absent: int = 150
    unseen: bool = False  # whether nothing of that sensor trains

    @property
    def split(self) -> str:
        """Of its outcomes; the published protocol is said to be a control."""
        told = ', the published protocol, a control' if self.protocol == 'centred' else ''
        return self.protocol + told + NEVER_TRAINED * self.unseen


@dataclass(frozen=True)
class Asked:
    """A question with its list: direction as 'visible->thermal'."""

    question: Question
    pairs: PairSet
    direction: str
    searches: list[Search]


# Sizes: where a few hundredths decide, 300; closed forms take a quarter of a second a search.
ON_EMBEDDED = (
    Question('landsat:thermal', 'centred', 60, 30),
    Question('landsat:thermal', 'shifted'),
    Question('landsat:thermal', 'scaled', 100, 50),
    Question('landsat:thermal', 'turned', 100, 50),
    Question('landsat:thermal', 'harder'),
    Question('landsat:near infrared', 'harder', 80, 40),
    Question('landsat:short-wave infrared', 'harder', 80, 40),
    Question('landsat:long short-wave', 'harder', 200, 100, unseen=True),
    Question('made:thermal', 'harder', 120, 60),
    Question('made:near-infrared', 'harder', 60, 30),
    Question('made:depth', 'harder', 60, 30),
    Question('made:radar', 'harder', 80, 40, unseen=True),
)
# What "found" means is fitted on these: regions, scenes and searches of their own.
FOR_CALIBRATION = (
    Question('landsat:thermal', 'harder', 200, 200),
    Question('landsat:near infrared', 'harder', 60, 60),
    Question('landsat:short-wave infrared', 'harder', 60, 60),
    Question('made:thermal', 'harder', 100, 100),
    Question('made:near-infrared', 'harder', 50, 50),
    Question('made:depth', 'harder', 50, 50),
)


def questions(dataset: str) -> tuple[Question, ...]:
    """What is asked about a data set, by its name on the command line."""
    if dataset == EMBEDDED:
        return ON_EMBEDDED
    return tuple(Question(dataset, protocol) for protocol in JITTERS)


def for_calibration(dataset: str) -> tuple[Question, ...]:
    """The same of its validation part."""
    return FOR_CALIBRATION if dataset == EMBEDDED else (Question(dataset, 'harder', 300, 300),)


def ask(question: Question, root: Path | None, part: Part = 'test', seed: int = 0) -> Asked:
    """The list of a question, the same for the same seed.

    Raises:
        InputError: what the set's loader says, or `draw_searches`.
    """
    pairs, direction = open_set(question.source, root, part)
    jitter = JITTERS[question.protocol]
    searches = draw_searches(pairs, jitter, question.present, question.absent, seed)
    return Asked(question, pairs, direction, searches)
