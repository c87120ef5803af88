# SPDX-License-Identifier: Apache-2.0
"""Which engine of a model is wanted here, and by what name people know it."""

from __future__ import annotations

from pathlib import Path

from xsense_ros.engines.cuda import Gpu
from xsense_ros.engines.engine_key import ANY_GPU, EngineKey
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.tensorrt_build import PRECISION, BuildSettings
from xsense_ros.engines.tensorrt_vendor import Vendor
from xsense_ros.errors import EngineError


def engine_key(
    vendor: Vendor, spec: ModelSpec, settings: BuildSettings, gpu: Gpu | None
) -> EngineKey:
    """What an engine of this model is built for.

    Args:
        vendor: which TensorRT.
        spec: of the model.
        settings: of the build; with compute capabilities the engine is for any GPU that has one.
        gpu: the one at hand, for an engine that is built for it.

    Raises:
        EngineError: neither a GPU nor compute capabilities, or shapes that TensorRT cannot have.
    """
    capabilities = '+'.join(settings.compute_capabilities)
    if not capabilities and gpu is None:
        raise EngineError(
            f'target of {vendor.title}', None, 'a GPU, or the compute capabilities of one',
            'run on the robot, or add --compute-capability 8.9',
        )  # fmt: skip
    return EngineKey(
        spec.sha256,
        vendor.title,
        ANY_GPU if capabilities or gpu is None else gpu.name,
        capabilities or (gpu.compute_capability if gpu is not None else ''),
        settings.profile(spec),
        PRECISION,
    )


def model_label(model_path: Path) -> str:
    """What people know a model by: file names alone are those of many bundles."""
    return f'{model_path.parent.name}/{model_path.name}'
