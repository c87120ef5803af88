# SPDX-License-Identifier: Apache-2.0
"""From files to what whole towers read, by the robot's own preprocessing; varied for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.touch_input import TouchInput
from xsense_training.data.image import load_image
from xsense_training.data.media import MediaFile
from xsense_training.features import sound_views
from xsense_training.models.efficientnet_lite0 import MEAN, STD
from xsense_training.recipes.crossnet.contrast import Source
from xsense_training.recipes.crossnet.data import Floats, Ints
from xsense_training.recipes.crossnet.gel import FIELD_MM, Gel
from xsense_training.recipes.crossnet.knocks import impact_input, load_knock
from xsense_training.recipes.crossnet.variations import another_frame, another_press


@dataclass(frozen=True)
class FeatureViews:
    """A source of described rows (N, V, F): a random view of each."""

    rows: Floats

    def __call__(self, rows: Ints, generator: np.random.Generator) -> Tensor:
        """(B,) -> (B, F)."""
        views = generator.integers(self.rows.shape[1], size=len(rows))
        return torch.from_numpy(self.rows[rows, views].astype(np.float32))


@dataclass(frozen=True)
class Inputs:
    """Files as tensors.

    gel: what presses are made with; size: side of pictures and presses in pixels.
    """

    gel: Gel
    size: int = 224

    def plain(self, sense: str, file: MediaFile) -> NDArray[np.float32]:
        """(1, ...) of a file as it is."""
        return self._tensor(sense, file, None)

    def source(self, sense: str, files: Sequence[MediaFile]) -> Source:
        """Rows of these files, each varied anew."""

        def draw(rows: Ints, generator: np.random.Generator) -> Tensor:
            found = [self._tensor(sense, files[row], generator) for row in rows]
            return torch.from_numpy(np.concatenate(found))

        return draw

    def _tensor(
        self, sense: str, file: MediaFile, generator: np.random.Generator | None
    ) -> NDArray[np.float32]:
        if sense == 'image':
            frame = load_image(file.path)
            frame = frame if generator is None else another_frame(frame, generator)
            return np.asarray(ImageInput(self.size, MEAN, STD, fit='crop')(frame)['image'])
        if sense == 'touch':
            touch = TouchInput(self.size, FIELD_MM)(self.gel.press(file))['touch']
            return touch if generator is None else another_press(touch, generator)
        knock = load_knock(file)
        knock = knock if generator is None else sound_views.recolour(knock, generator)
        return np.asarray(impact_input()(knock)['log_mel'])
