# SPDX-License-Identifier: Apache-2.0
"""The image trunk that bundles share, as a module to export and as the robot runs it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from xsense_ros.senses.image_input import ImageInput
from xsense_training.data.root import cache_folder, require
from xsense_training.data.weights import EFFICIENTNET_LITE0
from xsense_training.export.onnx_export import export_onnx
from xsense_training.features.image_features import ImageFeatureCache
from xsense_training.models.efficientnet_lite0 import (
    IMAGE_SIZE,
    MEAN,
    STD,
    EfficientNetLite0,
    fold_batch_norm,
    load_imagenet,
)

TRUNK = 'efficientnet-lite0'


@dataclass(frozen=True)
class FrozenTrunk:
    """module: what is exported; run: (1, 3, S, S) -> (1, F) as the robot computes it."""

    module: EfficientNetLite0
    run: RobotTrunk
    digest: str
    image_input: ImageInput

    @classmethod
    def load(cls, root: Path) -> FrozenTrunk:
        """ImageNet's EfficientNet-Lite0; its ONNX file is made in the cache on the first call.

        Raises:
            InputError: the weights have not been fetched.
        """
        weights = require(root, EFFICIENTNET_LITE0, 'weights')
        module = fold_batch_norm(load_imagenet(weights))
        path = cache_folder(root, 'trunks') / f'{TRUNK}.onnx'
        if not path.exists():
            export_onnx(module, {'image': trunk_example()}, 'features', path)
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        return cls(module, RobotTrunk(path), digest, ImageInput(IMAGE_SIZE, MEAN, STD, fit='crop'))

    def cache(self, root: Path, scenes: int) -> ImageFeatureCache:
        """Features of pictures and `scenes` views of each."""
        return ImageFeatureCache(
            cache_folder(root, 'image-features'), self.run, self.digest, self.image_input, scenes
        )


class RobotTrunk:
    """(B, 3, S, S) -> (B, F) by ONNX Runtime on one thread."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider']
        )
        self.name = self.session.get_inputs()[0].name

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of normalised pictures."""
        return np.asarray(self.session.run(None, {self.name: image})[0])


def trunk_example() -> torch.Tensor:
    """A batch that exercises the trunk: (3, 3, S, S) of normalised noise."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 3, IMAGE_SIZE, IMAGE_SIZE, generator=generator)
