# SPDX-License-Identifier: Apache-2.0
"""Trunk features of plain and augmented views of pictures, cached one file a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.image_input import ImageInput
from xsense_training.data.image import load_rgba
from xsense_training.features import views

Trunk = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class ImageFeatureCache:
    """features(path) -> (1 + scenes, F) float32: the plain view first, then scene views.

    The key is the picture's content, the trunk and the parameters, so that a changed list of
    concepts recomputes nothing and a killed run goes on where it stopped.

    Args:
        folder: where the .npy files lie.
        trunk: (1, 3, S, S) -> (1, F), the shipped trunk.
        trunk_id: identity of the trunk's weights (its sha256).
        image_input: the robot's own preprocessing.
        scenes: number of augmented views.
    """

    def __init__(
        self,
        folder: Path,
        trunk: Trunk,
        trunk_id: str,
        image_input: ImageInput,
        scenes: int,
    ) -> None:
        self.trunk = trunk
        self.image_input = image_input
        self.scenes = scenes
        recipe = f'{trunk_id} {views.VERSION} {image_input.parameters()}'
        self.folder = folder / hashlib.sha256(recipe.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)

    def features(self, path: Path) -> NDArray[np.float32]:
        """(1 + scenes, F) of one picture file."""
        digest = hashlib.sha256(path.read_bytes()).digest()
        file = self.folder / f'{digest.hex()[:24]}.npy'
        known: NDArray[np.float32] | None = None
        if file.exists():
            known = np.load(file).astype(np.float32)
            if len(known) > self.scenes:
                return known[: 1 + self.scenes]
        rgba = load_rgba(path)
        rows = [] if known is None else list(known)
        for number in range(len(rows), 1 + self.scenes):
            seed = int.from_bytes(digest[:8], 'big') + number  # the same view in every run
            rng = np.random.default_rng(seed)
            frame = views.plain_view(rgba) if number == 0 else views.scene_view(rgba, rng)
            rows.append(self.trunk(self.image_input(frame)['image'])[0])
        found = np.stack(rows)
        partial = file.with_suffix('.partial')
        with partial.open('wb') as stream:  # renamed when whole: a kill leaves no half file
            np.save(stream, found.astype(np.float16))
        partial.replace(file)
        return found.astype(np.float16).astype(np.float32)

    def table(
        self, paths: Sequence[Path], tick: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """(N, 1 + scenes, F) of many pictures; `tick` is called after each."""
        rows = []
        for path in paths:
            rows.append(self.features(path))
            tick()
        return np.stack(rows)
