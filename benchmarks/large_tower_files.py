# SPDX-License-Identifier: Apache-2.0
"""The files of a large trunk, in fp32 and int8, and real pictures to fit and judge them with.

Weights are random: time does not depend on them. Norms are fitted to pictures, as training does;
without that, a deep random network answers every picture with nearly the same vector, and nothing
could be seen of what integers change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import ModelSpec, TensorSpec, VariantSpec
from xsense_ros.engines.precision import INT8
from xsense_ros.engines.verify import file_sha256
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.picture_file import read_visible

INPUT, OUTPUT = 'x', 'y'
_PICTURES = Path(__file__).resolve().parents[1] / 'samples' / 'robot_home' / 'gallery'


@dataclass(frozen=True)
class Trunk:
    """A module of torchvision, its exported files, and outputs (N, classes) of some pictures."""

    module: Any
    path: Path
    spec: ModelSpec
    right: NDArray[np.float32]


def pictures(count: int, side: int, first: int = 0) -> list[NDArray[np.float32]]:
    """Pictures of the sample recording's gallery as the robot prepares them, (1, 3, side, side).

    Every sixth one from `first` on, so that other ones are found at another beginning.
    """
    prepare = ImageInput(size=side)
    files = sorted(_PICTURES.glob('*.jpg'))[first::6][:count]
    return [next(iter(prepare(read_visible(file)).values())) for file in files]


def export(
    name: str,
    fitted: Sequence[NDArray[np.float32]],
    judged: Sequence[NDArray[np.float32]],
    float_first: int,
    folder: Path,
) -> Trunk:
    """Write the files of a trunk.

    Args:
        name: of a function of torchvision.models.
        fitted: pictures for the norms, and for the ranges of integers.
        judged: pictures of which the module's outputs are kept.
        float_first: products that stay in float in the int8 file.
        folder: to write to.
    """
    import onnx
    import torch
    from torchvision import models

    from xsense_training.export.onnx_export import traced, without_metadata
    from xsense_training.export.precision_int8 import to_int8

    torch.manual_seed(0)
    module = getattr(models, name)(weights=None)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None  # mean and variance of all that it sees, not of the latest
            part.reset_running_stats()
    with torch.no_grad():
        module.train()(torch.from_numpy(np.concatenate(fitted)))
        right = np.concatenate([module.eval()(torch.from_numpy(one)).numpy() for one in judged])
    model = without_metadata(traced(module, {INPUT: torch.from_numpy(judged[0])}, [OUTPUT]))
    path, lower = folder / f'{name}.onnx', folder / f'{name}.{INT8}.onnx'
    onnx.save(model, str(path))
    feeds = [{INPUT: one} for one in fitted]
    onnx.save(to_int8(model, feeds, symmetric=False, float_first=float_first), str(lower))
    spec = ModelSpec(
        path.name,
        file_sha256(path, name),
        (TensorSpec(INPUT, judged[0].shape, 'float32'),),
        (TensorSpec(OUTPUT, (1, right.shape[1]), 'float32'),),
        variants={INT8: VariantSpec(lower.name, file_sha256(lower, name))},
    )
    return Trunk(module, path, spec, right)
