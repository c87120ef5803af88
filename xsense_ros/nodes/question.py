# SPDX-License-Identifier: Apache-2.0
"""A question on its way through the node, from a sense to its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xsense_ros.encoder import Encoding


@dataclass(frozen=True)
class Question:
    """Samples of one thing on their way; most senses ask with a single one.

    Times are those of time.perf_counter, in seconds. ``arrived``: the message reached this node;
    ``begun``: work began; ``decoded``: it was pixels or samples.
    """

    modality: str
    header: Any
    samples: Sequence[Any]
    text: str
    arrived: float
    begun: float
    decoded: float


@dataclass(frozen=True)
class Encoded:
    """A question that has been encoded; ``at`` [s] on the clock of its times."""

    question: Question
    encoding: Encoding
    at: float
