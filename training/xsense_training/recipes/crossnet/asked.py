# SPDX-License-Identifier: Apache-2.0
"""CrossNet asked in two ways: by one sense, as a robot asks, and by pairs, as published.

The network wants a touch and a picture. As published, the vector of a query is computed from the
query and from the picture or touch of the same instance, which is among what is to be found: the
answer goes in. A robot has no such pair; asked with one sense, the other input is the mean of the
pictures that trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xsense_ros.senses.image_input import ImageInput
from xsense_training.data.image_source import decode
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.losses.map_triplet import map_vectors
from xsense_training.models.crossnet import CrossNet
from xsense_training.recipes.crossnet.data import Floats, Ints, Material

SENSES = ('touch', 'image')  # in the order of the network's inputs
_ROWS = 64  # that pass the network together


class Asked:
    """A network and the pictures of a set: similarities of touches and pictures.

    Args:
        net: as trained; it must not change as long as this is asked.
        means: sense -> (3, S, S), stands in for an input that is not there.
        material: the set.
    """

    def __init__(self, net: CrossNet, means: Mapping[str, Tensor], material: Material) -> None:
        self.net, self.means, self.material = net, dict(means), material
        self._prepare = ImageInput(means['touch'].shape[-1])
        self._known: dict[tuple[str, bool, bytes], Floats] = {}

    def __call__(self, direction: Direction) -> Floats | None:
        """(Q, N) cosines, each vector from one sense alone; None where a third sense is asked."""
        return self._cosines(direction, paired=False)

    def from_pairs(self, direction: Direction) -> Floats | None:
        """(Q, N) cosines as published: every vector from a touch and a picture of one instance.

        None where a third sense is asked, or an instance lacks one of the two.
        """
        return self._cosines(direction, paired=True)

    def vectors(self, sense: str, rows: Ints, partners: Ints | None = None) -> Floats:
        """(B,) rows of one sense -> (B, D) of length one.

        Args:
            sense: 'touch' or 'image'.
            rows: of that sense.
            partners: rows of the other sense that go in with them; None: its mean does.
        """
        other = SENSES[1 - SENSES.index(sense)]
        found = []
        for start in range(0, len(rows), _ROWS):
            chosen = slice(start, start + _ROWS)
            given = {sense: self._pictures(sense, rows[chosen])}
            if partners is None:
                given[other] = self.means[other].expand_as(given[sense])
            else:
                given[other] = self._pictures(other, partners[chosen])
            found.append(self._pass(sense, given))
        return np.concatenate(found)

    def _cosines(self, direction: Direction, paired: bool) -> Floats | None:
        sides = (direction.query, direction.gallery)
        if {side.modality for side in sides} != set(SENSES):
            return None
        query, gallery = (self._side(side, paired) for side in sides)
        return None if query is None or gallery is None else np.asarray(query @ gallery.T)

    def _side(self, side: Side, paired: bool) -> Floats | None:
        """Vectors of a side; the two directions between the senses ask for the same."""
        partners = self._partners(side) if paired else None
        if partners is not None and (partners < 0).any():
            return None
        key = (side.modality, paired, side.rows.tobytes())
        if key not in self._known:
            self._known[key] = self.vectors(side.modality, side.rows, partners)
        return self._known[key]

    def _partners(self, side: Side) -> Ints:
        """Rows of the other sense that show the same instances; -1 where there is none."""
        other = SENSES[1 - SENSES.index(side.modality)]
        row_of = {file.concept: i for i, file in enumerate(self.material.files[other])}
        own = self.material.files[side.modality]
        return np.array([row_of.get(own[row].concept, -1) for row in side.rows])

    def _pass(self, sense: str, given: Mapping[str, Tensor]) -> Floats:
        device = next(self.net.parameters()).device
        self.net.eval()
        with torch.no_grad():
            maps = self.net(*(given[s].to(device) for s in SENSES))
        return np.asarray(map_vectors(maps[SENSES.index(sense)]).cpu().numpy())

    def _pictures(self, sense: str, rows: Ints) -> Tensor:
        own = self.material.files[sense]
        return pictures([own[row].path for row in rows], self._prepare)


def pictures(paths: Sequence[Path], prepare: ImageInput) -> Tensor:
    """Files -> (B, 3, S, S), stretched to a square, ImageNet's mean and deviation taken out."""
    return torch.from_numpy(np.concatenate([prepare(decode(path))['image'] for path in paths]))
