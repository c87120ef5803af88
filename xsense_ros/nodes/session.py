# SPDX-License-Identifier: Apache-2.0
"""What an active node asks with: the encoder, and the rules of the questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xsense_ros.encoder import Encoder, Encoding
from xsense_ros.engines.bundle import Bundle
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.nodes.settings import Settings
from xsense_ros.retrieval import Answer, Retriever


class Session:
    """Holds the memory of the models from activation to deactivation. Thread-safe.

    Args:
        bundles: verified bundles.
        gallery: opened with their fingerprints; stays open after ``close``.
        settings: of the node.

    Raises:
        EngineError, BundleError: the models cannot run.
    """

    def __init__(self, bundles: Sequence[Bundle], gallery: Gallery, settings: Settings) -> None:
        self.encoder = Encoder(
            bundles,
            settings.backends,
            threads=settings.threads,
            strict=settings.strict_backend,
            build=settings.build,
        )
        self.bundle = ', '.join(f'{b.manifest.name} {b.manifest.version}' for b in bundles)
        self._gallery = gallery
        try:
            self.encoder.warm_up()
            self.apply(settings)
        except Exception:
            self.encoder.close()
            raise

    def apply(self, settings: Settings) -> None:
        """Ask by other rules from now on."""
        self._top_k = settings.top_k
        self._targets = settings.targets
        # Replaced as a whole: a question in work keeps the rules that it began with.
        self._retriever = Retriever(
            self.encoder,
            self._gallery,
            min_probability=settings.min_probability,
            min_margin=settings.min_margin,
        )

    def targets(self, modality: str) -> tuple[str, ...]:
        """The node's targets for ``modality``, as far as the models can answer them."""
        reachable = self._retriever.reachable(modality)
        return tuple(target for target in self._targets[modality] if target in reachable)

    def encode(self, modality: str, samples: Sequence[Any]) -> Encoding:
        """Embed samples of one thing, fused, in every space that knows their modality."""
        return self.encoder.encode_all(modality, samples)

    def encode_question(
        self, modality: str, samples: Sequence[Any], targets: Sequence[str] = ()
    ) -> Encoding:
        """Embed samples as far as ``answer`` needs it; without targets the node's own count."""
        spaces = self._retriever.spaces(modality, targets or self.targets(modality))
        return self.encoder.encode_all(modality, samples, spaces)

    def answer(
        self,
        modality: str,
        encoding: Encoding,
        targets: Sequence[str] = (),
        top_k: int = 0,
    ) -> Answer:
        """Search for an encoded sample; without targets or top_k the node's own are taken."""
        return self._retriever.answer(
            modality, encoding, targets or self.targets(modality), top_k or self._top_k
        )

    def close(self) -> None:
        """Free the memory of the models."""
        self.encoder.close()
