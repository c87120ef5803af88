# SPDX-License-Identifier: Apache-2.0
"""What an active node asks with: the encoder, and the rules of the questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xsense_ros.encoder import Encoder, Encoding
from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_ros.fusion.measured import find_fusions
from xsense_ros.fusion.rules import joint_name
from xsense_ros.fusion.together import Together
from xsense_ros.gallery.protocol import GalleryLike
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

    def __init__(
        self, bundles: Sequence[Bundle], gallery: GalleryLike, settings: Settings
    ) -> None:
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
            self._fusions = find_fusions()
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
        self._together = Together(
            self._retriever,
            self._fusions,
            min_probability=settings.fusion_min_probability,
            min_margin=settings.fusion_min_margin,
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

    def joint_targets(
        self, senses: Sequence[str], targets: Sequence[str] = ()
    ) -> dict[str, tuple[str, ...]]:
        """What each of several senses is asked for: those of ``targets`` that it can reach.

        Raises:
            InputError: a sense that reaches none of them, or a target that no sense reaches.
        """
        reach = {sense: self._retriever.reachable(sense) for sense in senses}
        for target in targets:
            if not any(target in own for own in reach.values()):
                what = f'target modality of a query by {joint_name(senses)}'
                expected = f'one of {sorted({t for own in reach.values() for t in own})}'
                raise InputError(what, target, expected, 'ask for another target')
        found = {
            sense: tuple(t for t in targets if t in reach[sense]) or self.targets(sense)
            for sense in senses
        }
        for sense, own in found.items():
            common = [target for target in own if target in targets or not targets]
            if not common:
                what = f'what {sense} has in common with {joint_name(senses)}'
                wanted = list(targets) or list(self._targets[sense])
                expected = f'a target that {sense} reaches ({list(reach[sense])}), not {wanted}'
                cure = f'set {sense}.targets, name other targets, or leave {sense} out'
                raise InputError(what, 'nothing', expected, cure)
        return found

    def answer_together(
        self,
        encodings: Mapping[str, Encoding],
        targets: Sequence[str] = (),
        top_k: int = 0,
    ) -> Answer:
        """Search for samples of one event, by sense; without targets or top_k the node's own."""
        wanted = self.joint_targets(list(encodings), targets)
        return self._together.answer(encodings, wanted, top_k or self._top_k)

    def close(self) -> None:
        """Free the memory of the models."""
        self.encoder.close()
