# SPDX-License-Identifier: Apache-2.0
"""One question, from decoded samples to its published answer, with the time of each step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.publisher import Publisher

from xsense_ros.nodes.answers import embedding, match_array
from xsense_ros.nodes.session import Session


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


class Asker:
    """Encodes, searches and publishes. Thread-safe.

    Args:
        session: of the active node.
        matches: publisher of MatchArray.
        embeddings: publisher of Embedding.
    """

    def __init__(self, session: Session, matches: Publisher, embeddings: Publisher) -> None:
        self._session = session
        self._matches = matches
        self._embeddings = embeddings

    def wanted(self) -> bool:
        """Whether anybody listens; if not, nothing needs to be computed."""
        return bool(
            self._matches.get_subscription_count() or self._embeddings.get_subscription_count()
        )

    def ask(self, question: Question) -> None:
        """Answer a question on the topics that have listeners.

        Raises:
            XsenseError: a sample cannot be encoded, or the gallery cannot be searched.
        """
        modality = question.modality
        told = self._embeddings.get_subscription_count() > 0
        encode = self._session.encode if told else self._session.encode_question
        encoding = encode(modality, question.samples)
        if told:
            for space, vector in encoding.vectors.items():
                fingerprint = self._session.encoder.fingerprints[space]
                self._embeddings.publish(
                    embedding(question.header, modality, space, fingerprint, vector)
                )
        if not self._matches.get_subscription_count():
            return
        answer = self._session.answer(modality, encoding)
        message = match_array(question.header, answer, question.text, self._session.bundle)
        message.wait_ms = (question.begun - question.arrived) * 1e3
        message.decode_ms = (question.decoded - question.begun) * 1e3
        message.total_ms = (time.perf_counter() - question.arrived) * 1e3
        self._matches.publish(message)
