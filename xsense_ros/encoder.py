# SPDX-License-Identifier: Apache-2.0
"""One sample in, its embedding in every space out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.backends import NEVER, Fallback, load_engine
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.engine import Engine, EngineDescription
from xsense_ros.engines.manifest import ModelSpec, SpaceSpec
from xsense_ros.errors import BundleError, EngineError, InputError
from xsense_ros.senses.preprocessor import reusing

_NORM_TOLERANCE = 1e-3
_CLOSED = 'make a new Encoder'


@dataclass(frozen=True)
class Encoding:
    """Embeddings of one sample by space, float32 (D,) of length 1, and what they cost."""

    modality: str
    vectors: Mapping[str, NDArray[np.float32]]
    preprocess_ms: float
    encode_ms: float


@dataclass(frozen=True)
class _Route:
    """From one modality to one space: a preprocessor, then models named by their sha256."""

    space: str
    preprocess: str
    stages: tuple[str, ...]


class Encoder:
    """Runs the towers of one or several bundles.

    A model is known by its sha256: bundles that share a trunk load it once. Within one sample
    each preprocessing and each run of leading stages is computed once, whatever number of spaces
    asks for it. An embedding is a pure function of its own sample. Thread-safe.

    Args:
        bundles: verified bundles; their spaces must have different names.
        backends: inference backends in order of preference.
        threads: threads within one operator; None takes the backend's default.
        strict: refuse to fall back to another backend.
        build: 'auto' builds engines that a backend misses in the background, as load_engine does.

    Raises:
        BundleError: no bundle, or two bundles with a space of the same name.
        EngineError: no backend can run a model.

    Attributes:
        spaces: the spaces of all bundles by name.
        fallbacks: backends that were passed over, with the reason.
    """

    def __init__(
        self,
        bundles: Sequence[Bundle],
        backends: Sequence[str] = ('onnxruntime',),
        *,
        threads: int | None = None,
        strict: bool = False,
        build: str = NEVER,
    ) -> None:
        if not bundles:
            raise BundleError('bundles', bundles, 'at least one bundle', 'name a bundle')
        self.spaces: dict[str, SpaceSpec] = {}
        self.fallbacks: tuple[Fallback, ...] = ()
        self._preprocessors: dict[str, Callable[[Any], dict[str, NDArray[Any]]]] = {}
        self._routes: dict[str, list[_Route]] = {}
        self._specs: dict[str, ModelSpec] = {}
        self._engines: dict[str, Engine] = {}
        self._closed = False
        try:
            for bundle in bundles:
                self._plan(bundle)
                self._load(bundle, backends, threads, strict, build)
        except Exception:
            self.close()
            raise

    @property
    def modalities(self) -> tuple[str, ...]:
        """Modalities that can be encoded, in alphabetical order."""
        return tuple(sorted(self._routes))

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprint of each space, as a gallery wants it."""
        return {name: space.fingerprint for name, space in self.spaces.items()}

    def encode(
        self, modality: str, sample: Any, spaces: Collection[str] | None = None
    ) -> Encoding:
        """Embed one sample in the spaces that know its modality.

        Args:
            modality: one of ``modalities``.
            sample: RGB uint8 (H, W, 3) for 'image' and 'sketch', Waveform for 'sound' and
                'impact', str for 'text', Press for 'touch'.
            spaces: only in these of them; None means in all.

        Raises:
            InputError: unknown modality, or a sample that cannot be used.
            EngineError: inference failed, or the encoder is closed.
            BundleError: a tower did not give a vector of length 1.
        """
        if self._closed:
            raise EngineError('encoder', 'closed', 'an open encoder', _CLOSED)
        if modality not in self._routes:
            cure = 'use a bundle that has a tower for this modality'
            raise InputError('modality', modality, f'one of {list(self.modalities)}', cure)
        routes = [
            route for route in self._routes[modality] if spaces is None or route.space in spaces
        ]
        start = time.perf_counter()
        prepared = {
            key: self._preprocessors[key](sample)
            for key in dict.fromkeys(route.preprocess for route in routes)
        }
        middle = time.perf_counter()
        done: dict[tuple[str, ...], NDArray[Any]] = {}
        vectors = {
            route.space: self._run(route, prepared[route.preprocess], done) for route in routes
        }
        end = time.perf_counter()
        return Encoding(modality, vectors, (middle - start) * 1e3, (end - middle) * 1e3)

    def encode_all(
        self, modality: str, samples: Sequence[Any], spaces: Collection[str] | None = None
    ) -> Encoding:
        """Embed several samples of one event as one: the mean of their embeddings, of length 1.

        One sample gives exactly what ``encode`` gives.

        Args:
            modality: one of ``modalities``.
            samples: at least one, as ``encode`` takes them.
            spaces: only in these of them; None means in all.

        Raises:
            InputError: no sample, or what ``encode`` refuses.
            EngineError: as ``encode``.
            BundleError: as ``encode``.
        """
        if not samples:
            raise InputError('samples', 0, 'at least one', 'give a sample')
        parts = [self.encode(modality, sample, spaces) for sample in samples]
        if len(parts) == 1:
            return parts[0]
        vectors = {
            space: _mean_direction([part.vectors[space] for part in parts])
            for space in parts[0].vectors
        }
        return Encoding(
            modality,
            vectors,
            sum(part.preprocess_ms for part in parts),
            sum(part.encode_ms for part in parts),
        )

    def warm_up(self) -> None:
        """Run every model once on zeros, so that the first real sample is not slower."""
        for engine in list(self._engines.values()):
            engine.warm_up()

    def describe(self) -> tuple[EngineDescription, ...]:
        """One description per loaded model."""
        return tuple(engine.describe() for engine in list(self._engines.values()))

    def close(self) -> None:
        """Free the memory of all models; closing twice is harmless."""
        self._closed = True
        while self._engines:
            self._engines.popitem()[1].close()

    def _plan(self, bundle: Bundle) -> None:
        manifest = bundle.manifest
        if not manifest.spaces:
            raise BundleError(
                f'spaces of bundle {manifest.name}',
                [],
                'at least one embedding space',
                'a bundle with matchers only is for the matching node and `xsense match`'
                if manifest.matchers
                else 'name another bundle',
            )
        for name, space in manifest.spaces.items():
            if name in self.spaces:
                raise BundleError(
                    f'space of bundle {manifest.name}',
                    name,
                    'a name that no other bundle uses',
                    'load one of the bundles only, or export one with another space name',
                )
            self.spaces[name] = space
            for modality, tower in space.towers.items():
                key = _preprocess_key(bundle, tower.preprocess)
                if key not in self._preprocessors:
                    # Vectors are copies, so tensors need not outlive `encode`.
                    self._preprocessors[key] = reusing(bundle.preprocessors[tower.preprocess])
                stages = tuple(manifest.models[stage].sha256 for stage in tower.stages)
                self._routes.setdefault(modality, []).append(_Route(name, key, stages))

    def _load(
        self,
        bundle: Bundle,
        backends: Sequence[str],
        threads: int | None,
        strict: bool,
        build: str,
    ) -> None:
        used = {
            stage
            for space in bundle.manifest.spaces.values()
            for tower in space.towers.values()
            for stage in tower.stages
        }
        for key, spec in bundle.manifest.models.items():
            if key not in used or spec.sha256 in self._engines:
                continue
            engine, fallbacks = load_engine(
                bundle.model_path(key), spec, backends,
                threads=threads, strict=strict, build=build,
            )  # fmt: skip
            self._engines[spec.sha256] = engine
            self._specs[spec.sha256] = spec
            self.fallbacks += fallbacks

    def _run(
        self,
        route: _Route,
        inputs: Mapping[str, NDArray[Any]],
        done: dict[tuple[str, ...], NDArray[Any]],
    ) -> NDArray[np.float32]:
        """Run the stages of one tower, taking from ``done`` what another space has run already."""
        for count, stage in enumerate(route.stages, start=1):
            prefix = (route.preprocess, *route.stages[:count])
            if prefix not in done:
                spec = self._specs[stage]
                feed = inputs if count == 1 else {spec.inputs[0].name: done[prefix[:-1]]}
                done[prefix] = self._engine(stage).infer(feed)[spec.outputs[0].name]
        return self._embedding(route, done[(route.preprocess, *route.stages)])

    def _engine(self, stage: str) -> Engine:
        engine = self._engines.get(stage)
        if engine is None:
            raise EngineError('encoder', 'closed', 'an open encoder', _CLOSED)
        return engine

    def _embedding(self, route: _Route, output: NDArray[Any]) -> NDArray[np.float32]:
        what = f'embedding in {route.space}'
        cure = 'export the bundle again with an L2 normalisation as the last operator'
        dimension = self.spaces[route.space].dimension
        if output.shape != (1, dimension):
            raise BundleError(f'shape of {what}', output.shape, f'(1, {dimension})', cure)
        vector: NDArray[np.float32] = output[0].astype(np.float32)
        norm = float(np.linalg.norm(vector))
        # Written so that NaN fails too.
        if not abs(norm - 1.0) <= _NORM_TOLERANCE:
            raise BundleError(f'length of {what}', norm, '1', cure)
        return vector


def _mean_direction(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    mean = np.mean(vectors, axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    # Embeddings that cancel each other out have no mean direction; the best sample comes first.
    return np.asarray(mean / length, np.float32) if length > _NORM_TOLERANCE else vectors[0]


def _preprocess_key(bundle: Bundle, name: str) -> str:
    """Equal for preprocessings of equal result, even from different bundles."""
    spec, assets = bundle.manifest.preprocess[name], bundle.manifest.assets
    parameters = bundle.preprocessors[name].parameters()
    files = [assets[v] for v in parameters.values() if isinstance(v, str) and v in assets]
    return json.dumps([spec.name, parameters, files], sort_keys=True)
