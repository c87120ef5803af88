# SPDX-License-Identifier: Apache-2.0
"""Engines of whole bundles: which are wanted here, which are there, and building the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.cuda import Gpu
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.precision import located
from xsense_ros.engines.tensorrt_build import BuildSettings, build_plan
from xsense_ros.engines.tensorrt_key import engine_key, model_label
from xsense_ros.engines.tensorrt_vendor import Vendor
from xsense_ros.errors import EngineError

if TYPE_CHECKING:  # a process that builds one engine needs no ONNX Runtime and no OpenCV
    from xsense_ros.engines.bundle import Bundle

# TensorRT-RTX cannot put Turing's kernels into one engine with those of newer GPUs.
TURING = '7.5'


@dataclass(frozen=True)
class Wanted:
    """A model whose engine is wanted."""

    path: Path
    spec: ModelSpec

    @property
    def name(self) -> str:
        """'image-sound-text/text.onnx'."""
        return model_label(self.path)


def models_of(
    bundles: Iterable[Bundle], backend: str = '', say: Callable[[str], None] | None = None
) -> list[Wanted]:
    """Every model of the bundles once: a trunk that several share has one engine.

    Args:
        bundles: opened.
        backend: which runs them; 'tensorrt:fp16' takes the files of that precision.
        say: told of a model that has no such file, which is then left out.

    Raises:
        EngineError: such a model, and nobody to tell.
    """
    found: dict[str, Wanted] = {}
    for bundle in bundles:
        for key, spec in bundle.manifest.models.items():
            one = _wanted(bundle.model_path(key), spec, backend, say)
            if one is not None:
                found.setdefault(one.spec.sha256, one)
    return list(found.values())


def _wanted(
    path: Path, plain: ModelSpec, backend: str, say: Callable[[str], None] | None
) -> Wanted | None:
    try:
        _, file, spec = located(backend, path, plain)
    except EngineError as error:
        if say is None:
            raise
        say(str(error))
        return None
    return Wanted(file, spec)


def settings_for(
    vendor: Vendor, cache: EngineCache, gpu: Gpu | None, asked: tuple[str, ...] = ()
) -> BuildSettings:
    """How to build for here, or for what was asked.

    Args:
        vendor: which TensorRT.
        cache: its folder keeps the measured kernels, too.
        gpu: the one at hand.
        asked: compute capabilities; empty takes the GPU at hand, or with TensorRT-RTX all that it
            can name but Turing, so that an engine from any machine runs on any of them.
    """
    settings = BuildSettings(
        compute_capabilities=asked,
        workspace_bytes=gpu.workspace_bytes if gpu is not None else None,
    )
    if vendor.any_gpu:
        known = [name for name in vendor.compute_capabilities if name != TURING]
        if not asked and (gpu is None or gpu.compute_capability in known):
            settings = replace(settings, compute_capabilities=tuple(known))
    elif gpu is not None:
        name = '-'.join(f'timings {vendor.title} {gpu.name}'.split())
        settings = replace(settings, timing_cache=cache.folder / name)
    return settings


@dataclass(frozen=True)
class Built:
    """One engine after `build_all`: its model, size, and whether it was there already."""

    wanted: Wanted
    bytes: int
    was_there: bool


def build_all(
    vendor: Vendor,
    wanted: Iterable[Wanted],
    settings: BuildSettings,
    cache: EngineCache,
    gpu: Gpu | None,
    on_progress: Callable[[Wanted, float, str], None],
) -> Iterator[Built]:
    """Take each engine from the cache or build it, one after the other.

    Raises:
        EngineError: the first model that cannot be built; what was built before stays.
    """
    for one in wanted:
        key = engine_key(vendor, one.spec, settings, gpu)
        plan = cache.find(key)
        was_there = plan is not None
        if plan is None:
            told = partial(on_progress, one)
            build = partial(build_plan, vendor, one.path, settings, told)
            plan = cache.get_or_build(key, one.name, build)
        yield Built(one, len(plan), was_there)


def missing(
    vendor: Vendor,
    wanted: Iterable[Wanted],
    settings: BuildSettings,
    cache: EngineCache,
    gpu: Gpu | None,
) -> Iterator[tuple[Wanted, str | None]]:
    """Each model, and why it has no engine here (None: it has one)."""
    for one in wanted:
        key = engine_key(vendor, one.spec, settings, gpu)
        there = cache.find(key) is not None
        yield one, None if there else cache.reason(key, one.name)
