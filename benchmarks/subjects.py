# SPDX-License-Identifier: Apache-2.0
"""Every tower of every shipped bundle, and both models of every matcher: what is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from benchmarks.samples import sample
from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.bundle import Bundle, bundle_folders
from xsense_ros.engines.engine import Engine
from xsense_ros.engines.manifest import TowerSpec

# In the node and in the bare loop alike, so that both have the same share of cores.
THREADS = 1
REFERENCE = 'onnxruntime'
Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Subject:
    """One tower of a bundle; a shared trunk is part of every tower that begins with it.

    ``sample`` goes into ``preprocess``; ``extra`` are further inputs (what a template left).
    """

    bundle: Bundle
    modality: str
    tower: TowerSpec
    sample: Any
    extra: Tensors

    @property
    def name(self) -> str:
        """'image-sound-text sound'."""
        return f'{self.bundle.manifest.name} {self.modality}'

    def prepare(self) -> dict[str, NDArray[Any]]:
        """The inputs of the first stage, made by the robot's own preprocessing."""
        return {**self.bundle.preprocessors[self.tower.preprocess](self.sample), **self.extra}

    def load(self, backend: str) -> Chain:
        """The stages on a backend, or EngineError; nothing falls back."""
        models, engines = self.bundle.manifest.models, []
        try:
            for stage in self.tower.stages:
                path = self.bundle.model_path(stage)
                engine, _ = load_engine(
                    path, models[stage], (backend,), threads=THREADS, strict=True
                )
                engines.append(engine)
        except Exception:
            Chain(engines, []).close()
            raise
        return Chain(engines, [models[stage].inputs[0].name for stage in self.tower.stages[1:]])


class Chain:
    """Engines one after the other; `inputs` names the single input of each later one."""

    def __init__(self, engines: Sequence[Engine], inputs: Sequence[str]) -> None:
        self._engines, self._inputs = engines, inputs

    def __call__(self, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Outputs of the last stage."""
        outputs = self._engines[0].infer(inputs)
        for engine, name in zip(self._engines[1:], self._inputs, strict=True):
            outputs = engine.infer({name: next(iter(outputs.values()))})
        return outputs

    def close(self) -> None:
        """Free the memory of all stages."""
        for engine in self._engines:
            engine.close()


def subjects(names: Sequence[str] = ()) -> list[Subject]:
    """The towers of the bundles with these names; of all bundles where none is given."""
    folders = [folder for folder in bundle_folders() if not names or folder.name in names]
    found: list[Subject] = []
    for folder in folders:
        bundle = Bundle.open(folder)
        manifest = bundle.manifest
        for space in manifest.spaces.values():
            for modality, tower in space.towers.items():
                found.append(Subject(bundle, modality, tower, sample(modality), {}))
        for matcher in manifest.matchers.values():
            template = _crop(bundle, 'template', matcher.template, {})
            kept = _kept(template)
            found += [template, _crop(bundle, 'search', matcher.search, kept)]
    return found


def _crop(bundle: Bundle, side: str, tower: TowerSpec, extra: Tensors) -> Subject:
    size = bundle.preprocessors[tower.preprocess].parameters()['size']
    return Subject(bundle, side, tower, sample(side, size), extra)


def _kept(template: Subject) -> dict[str, NDArray[Any]]:
    chain = template.load(REFERENCE)
    kept = chain(template.prepare())
    chain.close()
    return kept
