# SPDX-License-Identifier: Apache-2.0
"""The two engines of a matcher: a template is encoded once, every search asks what was kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from numpy.typing import NDArray

from xsense_ros.engines.backends import NEVER, Fallback, load_engine
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.engines.engine import Engine, EngineDescription
from xsense_ros.engines.manifest import MatcherSpec
from xsense_ros.errors import BundleError
from xsense_ros.matching.boxes import Floats
from xsense_ros.matching.decode import best_box
from xsense_ros.matching.frame import CropMemory, SearchFrame
from xsense_ros.names import MATCHER_BUNDLE
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput


@dataclass(frozen=True)
class Kept:
    """What the template engine says of one template, and the milliseconds that it took."""

    tensors: Mapping[str, NDArray[Any]]
    milliseconds: float


@dataclass(frozen=True)
class Answer:
    """One search: the square found, and whether it is the template's.

    box: (4,) in pixels of the crop; score: of its cell, 0 to 1; presence: logit of the search
    model; probability: calibrated, that the template is in the crop.
    """

    box: Floats
    score: float
    presence: float
    probability: float


class Matcher:
    """A matcher of a bundle, loaded. May be used from several threads; `load` makes one.

    Attributes:
        label: 'name version' of the bundle.
        pair: 'visible->infrared', the sensors.
        template_size: pixels of a template crop along each axis.
        search_size: of a search crop.
        window: times the template's square that a search is wide.
        min_probability: from which a thing counts as found.
        fallbacks: backends that were passed over, with the reason.
    """

    def __init__(
        self,
        bundle: Bundle,
        pair: str,
        engines: tuple[Engine, Engine],
        fallbacks: tuple[Fallback, ...] = (),
    ) -> None:
        spec: MatcherSpec = bundle.manifest.matchers[pair]
        # The manifest's checks allow no other preprocessing.
        self._of_template = cast(TemplateInput, bundle.preprocessors[spec.template.preprocess])
        self._of_search = cast(SearchInput, bundle.preprocessors[spec.search.preprocess])
        self._encoder, self._finder = engines
        self._presence = spec.presence
        self.label = f'{bundle.manifest.name} {bundle.manifest.version}'
        self.pair = pair
        self.template_size = self._of_template.size
        self.search_size = self._of_search.size
        self.window = spec.window
        self.min_probability = spec.presence.min_probability
        self.fallbacks = fallbacks

    @classmethod
    def load(
        cls,
        bundle: Bundle | Path | str = MATCHER_BUNDLE,
        backends: Sequence[str] = ('onnxruntime',),
        *,
        pair: str = '',
        threads: int | None = None,
        strict: bool = False,
        build: str = NEVER,
    ) -> Matcher:
        """Load a matcher.

        Args:
            bundle: opened, or its path or name.
            backends: inference backends in order of preference.
            pair: which matcher of the bundle; '' where it has one only.
            threads: threads within one operator; None takes the backend's default.
            strict: refuse to fall back to another backend.
            build: see `load_engine`.

        Raises:
            BundleError: not found, damaged, without such a matcher.
            EngineError: no backend can run a model.
        """
        opened = bundle if isinstance(bundle, Bundle) else Bundle.open(find_bundle(bundle))
        key = _choose(opened, pair)
        spec = opened.manifest.matchers[key]
        engines: list[Engine] = []
        fallbacks: tuple[Fallback, ...] = ()
        try:
            for stage in (spec.template.stages[0], spec.search.stages[0]):
                engine, passed = load_engine(
                    opened.model_path(stage),
                    opened.manifest.models[stage],
                    backends,
                    threads=threads,
                    strict=strict,
                    build=build,
                )
                engines.append(engine)
                fallbacks += passed
        except Exception:
            for engine in engines:
                engine.close()
            raise
        return cls(opened, key, (engines[0], engines[1]), fallbacks)

    def encode(self, pixels: NDArray[Any]) -> Kept:
        """Encode a template.

        Args:
            pixels: RGB uint8 (T, T, 3), T the template size.

        Raises:
            InputError: another dtype or shape, or no contrast.
            EngineError: inference failed, or the matcher is closed.
        """
        start = time.perf_counter()
        kept = self._encoder.infer(self._of_template(pixels))
        return Kept(kept, (time.perf_counter() - start) * 1e3)

    def find(self, pixels: NDArray[Any], kept: Kept, prior: float = 0.0) -> Answer:
        """Search a crop for a template.

        Args:
            pixels: (S, S) of uint8, uint16 or float32, raw; S the search size.
            kept: the template.
            prior: see `decode.best_box`; for crops whose middle is a prediction.

        Raises:
            InputError: another dtype or shape, or no contrast.
            EngineError: inference failed, or the matcher is closed.
        """
        return self.search(self._of_search(pixels), kept, prior)

    def frame(self, values: NDArray[Any], memory: CropMemory | None = None) -> SearchFrame:
        """A frame (H, W) whose crops several templates can share; see SearchFrame."""
        return SearchFrame(values, self._of_search, memory)

    def search(self, tensor: Mapping[str, NDArray[Any]], kept: Kept, prior: float = 0.0) -> Answer:
        """`find` in what `SearchFrame.tensor` gives."""
        outputs = self._finder.infer({**tensor, **kept.tensors})
        logits, boxes = outputs['logits'][0], outputs['boxes'][0]
        found = best_box(logits, boxes, self.search_size, prior)
        if 'presence' in outputs:
            presence = float(outputs['presence'][0])
        else:
            presence = float((logits[:, 0] - logits[:, 1]).max())
        return Answer(found.box, found.score, presence, self.probability(presence))

    def probability(self, presence: float, places: float = 1.0) -> float:
        """That the template is in a crop, 0 to 1.

        Args:
            presence: logit of the search model.
            places: among how many crops this one was picked. The calibration is for one crop that
                holds its template as often as not; with so many of them each is that much less
                likely to be the right one before it is looked at.
        """
        logit = self._presence.slope * presence + self._presence.intercept - math.log(places)
        return 1 / (1 + math.exp(-min(max(logit, -60.0), 60.0)))

    def warm_up(self) -> None:
        """Run both engines once on zeros, so that the first frame is not slower."""
        self._encoder.warm_up()
        self._finder.warm_up()

    def describe(self) -> tuple[EngineDescription, EngineDescription]:
        """What runs where: template engine, search engine."""
        return self._encoder.describe(), self._finder.describe()

    def close(self) -> None:
        """Free the memory of both engines; closing twice is harmless."""
        self._encoder.close()
        self._finder.close()


def _choose(bundle: Bundle, pair: str) -> str:
    """Key of a matcher."""
    found = bundle.manifest.matchers
    what = f'matchers of bundle {bundle.manifest.name}'
    if not found:
        cure = f'use {MATCHER_BUNDLE}; bundles with spaces are for the retrieval node'
        raise BundleError(what, [], 'at least one matcher', cure)
    if pair in found:
        return pair
    if pair or len(found) > 1:
        raise BundleError(what, pair, f'one of {sorted(found)}', 'name one of them')
    return next(iter(found))
