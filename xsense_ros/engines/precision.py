# SPDX-License-Identifier: Apache-2.0
"""Which file of a model a backend runs: 'tensorrt:fp16' is TensorRT with the model's fp16 file.

A model keeps its identity at any precision: a file enters the manifest only after its exporter has
measured that its vectors agree with those of the fp32 file, so that a gallery made at one
precision answers at another. Precision is asked for with the backend's name, because what is right
for a GPU is wrong for the processor that takes over from it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from xsense_ros.engines.manifest import VARIANTS, ModelSpec
from xsense_ros.errors import EngineError

FP32, BF16 = 'fp32', 'bf16'
FP16, INT8, INT8_SYMMETRIC = VARIANTS
TENSORRT = ('tensorrt', 'tensorrt_rtx')


def located(backend: str, model_path: Path, spec: ModelSpec) -> tuple[str, Path, ModelSpec]:
    """What a backend runs.

    Args:
        backend: 'tensorrt', or with a precision, 'tensorrt:fp16'.
        model_path: the model's own .onnx file.
        spec: from the manifest.

    Returns:
        The backend without the precision, the file, and the spec with that file's hash and
        precision. A model that its exporter left in fp32 on purpose comes back as it is.

    Raises:
        EngineError: the model has no file of this precision.
    """
    base, _, precision = backend.partition(':')
    if precision in ('', BF16):  # bfloat16 is how a processor computes, not what a file holds
        return base, model_path, spec
    key = INT8_SYMMETRIC if precision == INT8 and base in TENSORRT else precision
    variant = spec.variants.get(key)
    if variant is None:
        raise EngineError(
            f'{key} file of {model_path.name}',
            None,
            f'one of {sorted(spec.variants)}' if spec.variants else 'one (it has none)',
            f"xsense-train precision BUNDLE --to {precision}; or name '{base}' without it",
        )
    if variant.sha256 == spec.sha256:
        return base, model_path, spec
    path = model_path.with_name(PurePosixPath(variant.file).name)
    return base, path, replace(
        spec, file=variant.file, sha256=variant.sha256, precision=precision, variants={}
    )  # fmt: skip
