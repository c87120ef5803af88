# SPDX-License-Identifier: Apache-2.0
"""From rasters to what the towers read, by the robot's own preprocessing."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.sketch_input import SketchInput
from xsense_training.features.sketch_set import Ints, SketchSet
from xsense_training.models.efficientnet_lite0 import MEAN, STD

SIZE = 80  # pixels a side: line art is still read, and a drawing costs 1/8 of 224 pixels
STROKE = 2.0
MARGIN = 3


def sketch_input(size: int = SIZE) -> SketchInput:
    """The robot's preprocessing of drawings for these towers."""
    scale = size / SIZE
    return SketchInput(size, STROKE * scale, round(MARGIN * scale), MEAN, STD)


def image_input(size: int = SIZE) -> ImageInput:
    """The robot's preprocessing of pictures for these towers."""
    return ImageInput(size, MEAN, STD, fit='crop')


def sketches(samples: SketchSet, rows: Ints) -> Tensor:
    """(N, 1, S, S) in [0, 1], ink 0."""
    return torch.from_numpy(samples.drawing[rows]).float()[:, None] / 255


def pictures(samples: SketchSet, rows: Ints, view: int | Ints = 0) -> Tensor:
    """(N, 3, S, S) in [0, 1]."""
    chosen: NDArray[np.uint8] = samples.picture[rows, view]
    return torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / 255


def normalised(x: Tensor) -> Tensor:
    """(N, 1 or 3, S, S) in [0, 1] -> (N, 3, S, S) as SketchInput and ImageInput return it."""
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (MEAN, STD))
    return (x - mean) / std
