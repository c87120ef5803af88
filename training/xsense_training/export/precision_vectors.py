# SPDX-License-Identifier: Apache-2.0
"""What another precision does to the vectors of a space, and to retrieval with them.

A gallery that was made at one precision must answer at another, so retrieval is measured with both
sides at the lower one, and with queries at the lower one against a gallery in fp32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xsense_ros.encoder import Encoder
from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import BundleError
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.export.precision_drift import Change, Drift, Measured
from xsense_training.export.precision_int8 import Feed

Vectors = Mapping[str, NDArray[np.float32]]


class Sample(Protocol):
    """A sample of a modality; `thing` is equal for those that answer each other."""

    @property
    def modality(self) -> str:
        """One of the bundle's."""
        ...

    @property
    def sample(self) -> Any:
        """As Encoder.encode takes it."""
        ...

    @property
    def thing(self) -> str:
        """What it shows."""
        ...


@dataclass(frozen=True)
class VectorJudge:
    """Judges a space. fitted: samples for ranges of activations; judged: others, to compare."""

    fitted: Sequence[Sample]
    judged: Sequence[Sample]

    def feeds(self, bundle: Bundle) -> dict[str, list[Feed]]:
        """What each model gets in fp32 when the fitted samples are encoded."""
        towers = next(iter(bundle.manifest.spaces.values())).towers
        specs = bundle.manifest.models
        engines = {
            key: load_engine(bundle.model_path(key), spec, threads=1)[0]
            for key, spec in specs.items()
        }
        feeds: dict[str, list[Feed]] = {key: [] for key in specs}
        for one in self.fitted:
            tower = towers[one.modality]
            feed = bundle.preprocessors[tower.preprocess](one.sample)
            for stage, following in zip(tower.stages, (*tower.stages[1:], ''), strict=True):
                feeds[stage].append(feed)
                output = engines[stage].infer(feed)[specs[stage].outputs[0].name]
                if following:
                    feed = {specs[following].inputs[0].name: output}
        for engine in engines.values():
            engine.close()
        return feeds

    def answers(self, bundle: Bundle) -> Vectors:
        """(N, D) by modality, in the order of the judged samples, by the robot's own encoder.

        A vector that is not of length 1 (NaN, say) counts as zero, which is close to nothing.
        """
        ((space, spec),) = bundle.manifest.spaces.items()
        encoder = Encoder([bundle], threads=1)
        rows: dict[str, list[NDArray[np.float32]]] = {}
        try:
            for one in self.judged:
                try:
                    vector = encoder.encode(one.modality, one.sample).vectors[space]
                except BundleError:
                    vector = np.zeros(spec.dimension, np.float32)
                rows.setdefault(one.modality, []).append(vector)
        finally:
            encoder.close()
        return {modality: np.stack(own) for modality, own in rows.items()}

    def compare(self, exact: Vectors, lower: Vectors) -> Measured:
        """Cosines by modality; mAP by pair, the worse of the two ways to ask."""
        things = {
            modality: np.array([one.thing for one in self.judged if one.modality == modality])
            for modality in exact
        }
        drift, change = {}, {}
        for query, rows in exact.items():
            cosines = np.sum(rows.astype(np.float64) * lower[query], axis=1)
            what = f'cosine of {query} vectors'
            drift[query] = Drift(what, float(cosines.mean()), float(cosines.min()), len(cosines))
            for gallery in exact:
                relevant = things[query][:, None] == things[gallery][None, :]
                if query == gallery or not relevant.any():
                    continue
                before = rank_queries(rows @ exact[gallery].T, relevant).value('mAP')
                after = min(
                    rank_queries(lower[query] @ side[gallery].T, relevant).value('mAP')
                    for side in (lower, exact)
                )
                asked = int(relevant.any(axis=1).sum())
                change[f'{query}->{gallery}'] = Change(
                    'mAP', before, 100 * (after - before), asked
                )
        return Measured(drift, change)
