# SPDX-License-Identifier: Apache-2.0
"""Questions, from decoded samples to their published answer, with the time of each step."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rclpy.publisher import Publisher

from xsense_ros.nodes.answers import embedding, match_array
from xsense_ros.nodes.joiner import Joiner
from xsense_ros.nodes.question import Encoded, Question
from xsense_ros.nodes.session import Session


class Asker:
    """Encodes, searches and publishes. Thread-safe.

    Args:
        session: of the active node.
        matches: publisher of MatchArray.
        embeddings: publisher of Embedding.
        joiner: brings questions together that are to be answered as one.
    """

    def __init__(
        self, session: Session, matches: Publisher, embeddings: Publisher, joiner: Joiner
    ) -> None:
        self._session = session
        self._joiner = joiner
        self._matches = matches
        self._embeddings = embeddings

    def wanted(self) -> bool:
        """Whether anybody listens; if not, nothing needs to be computed."""
        return bool(
            self._matches.get_subscription_count() or self._embeddings.get_subscription_count()
        )

    def ask(self, question: Question) -> None:
        """Answer a question on the topics that have listeners, at once or with its partners.

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
        encoded = Encoded(question, encoding, time.perf_counter())
        if self._joiner.takes(modality):
            self._joiner.offer(encoded)
        else:
            self.answer((encoded,))

    def answer(self, parts: Sequence[Encoded]) -> None:
        """Answer questions that are encoded as one, the newest of them last.

        Raises:
            XsenseError: the gallery cannot be searched.
        """
        begun = time.perf_counter()
        questions = [part.question for part in parts]
        if len(parts) == 1:
            answer = self._session.answer(questions[0].modality, parts[0].encoding)
        else:
            answer = self._session.answer_together(
                {part.question.modality: part.encoding for part in parts}
            )
        text = ' '.join(question.text for question in questions if question.text)
        message = match_array(questions[-1].header, answer, text, self._session.bundle)
        last = max(parts, key=lambda part: part.question.arrived)
        # To wait for a partner is to wait, too.
        waited = last.question.begun - last.question.arrived + begun - last.at
        message.wait_ms = waited * 1e3
        message.decode_ms = sum(q.decoded - q.begun for q in questions) * 1e3
        message.total_ms = (time.perf_counter() - last.question.arrived) * 1e3
        self._matches.publish(message)
