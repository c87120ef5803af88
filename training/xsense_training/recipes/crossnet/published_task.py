# SPDX-License-Identifier: Apache-2.0
"""How CrossNet is trained: pairs of a touch and a picture, a triplet in one direction.

As published: both pictures cropped and flipped each by itself, vision as the anchor, the paired
touch as the positive, a touch of another object of the batch as the negative. The released code
takes for another object whatever file name does not contain the anchor's first four characters,
tries at most 16 times, and feeds the negative with a picture of yet another object; here objects
are compared and the negative is the output that its own pair has in the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_training.data.image_source import decode
from xsense_training.losses.map_triplet import MapTriplet
from xsense_training.models.crossnet import CrossNet
from xsense_training.recipes.crossnet.asked import SENSES
from xsense_training.recipes.crossnet.data import Ints, Material
from xsense_training.training_loop.gather_rows import gather_rows

AREA = (0.08, 1.0)  # of a random crop, and its ratio of sides below
RATIO = (3 / 4, 4 / 3)


class Pairs(NamedTuple):
    """touch and image (B, 3, S, S) float32; owner (B,) int64: the object of each pair."""

    touch: Tensor
    image: Tensor
    owner: Tensor


class CrossNetTask:
    """Trains the network on pairs.

    Args:
        net: both trunks and the block that mixes them.
        material: the set.
        pairs: sense -> (P,) rows; row i of both senses is a pair.
        loss: of anchors, positives and negatives.
        size: side of the network's input in pixels.
        batch: pairs a step, of as many objects as there are.
        scores: validation; must contain 'score'.

    Raises:
        InputError: pairs of fewer than two objects.
    """

    def __init__(
        self,
        net: CrossNet,
        material: Material,
        pairs: Mapping[str, Ints],
        loss: MapTriplet,
        size: int,
        batch: int,
        scores: Callable[[], Mapping[str, float]],
    ) -> None:
        self.modules = nn.ModuleDict({'net': net})
        self.net, self.loss_of, self.scores, self.batch = net, loss, scores, batch
        self.paths = {s: [material.files[s][row].path for row in pairs[s]] for s in SENSES}
        self.owner = material.object_of['touch'][pairs['touch']]
        self.own = {int(name): np.flatnonzero(self.owner == name) for name in set(self.owner)}
        if len(self.own) < 2:
            raise InputError(
                'objects with pairs of touch and picture',
                len(self.own),
                'at least 2, one to be told from the other',
                'add objects',
            )
        self.prepare = ImageInput(size)
        self.size = size

    def draw(self, generator: np.random.Generator) -> Pairs:
        """A random pair of each of many objects, cropped and flipped."""
        # Repeated in the same order where there are fewer objects than pairs: no batch of one.
        objects = np.resize(generator.permutation(sorted(self.own)), self.batch)
        rows = [int(generator.choice(self.own[name])) for name in objects]
        found = {
            sense: torch.from_numpy(
                np.concatenate([self._vary(self.paths[sense][row], generator) for row in rows])
            )
            for sense in SENSES
        }
        return Pairs(found['touch'], found['image'], torch.from_numpy(objects))

    def loss(self, batch: Pairs) -> tuple[Tensor, Mapping[str, float]]:
        """The published objective on a batch; all processes' negatives are shared."""
        touch, vision = self.net(batch.touch, batch.image)
        touch, vision = gather_rows(touch), gather_rows(vision)
        other = touch[another_object(gather_rows(batch.owner))]
        total: Tensor = self.loss_of(vision, touch, other)
        return total, {'triplet': float(total.detach())}

    def validate(self) -> Mapping[str, float]:
        """Scores of the current network."""
        return self.scores()

    def _vary(self, path: Path, generator: np.random.Generator) -> NDArray[np.float32]:
        """(1, 3, S, S) of a random part of the picture, perhaps mirrored."""
        picture = decode(path, 2 * self.size)
        height, width = picture.shape[:2]
        area = generator.uniform(*AREA) * height * width
        ratio = np.exp(generator.uniform(*np.log(RATIO)))
        rows, columns = (
            min(round(np.sqrt(area * r)), most)
            for r, most in ((1 / ratio, height), (ratio, width))
        )
        top, left = generator.integers(height - rows + 1), generator.integers(width - columns + 1)
        part = picture[top : top + rows, left : left + columns]
        upright, unmirrored = (1 if kept else -1 for kept in generator.random(2) < 0.5)
        part = part[::upright, ::unmirrored]
        sized = cv2.resize(np.ascontiguousarray(part), (self.size, self.size))
        return np.asarray(self.prepare(np.asarray(sized, np.uint8))['image'])


def another_object(owner: Tensor) -> Tensor:
    """(B,) objects -> (B,) for each row the next one, in a circle, that shows another object.

    Raises:
        ValueError: all rows show one object.
    """
    differs = owner[:, None] != owner[None, :]
    if not differs.any(dim=1).all():
        raise ValueError('a batch of one object has no negatives')
    count = len(owner)
    ahead = (torch.arange(count)[None, :] - torch.arange(count)[:, None]) % count
    return ahead.to(owner.device).masked_fill(~differs, count).argmin(dim=1)
