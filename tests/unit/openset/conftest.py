# SPDX-License-Identifier: Apache-2.0
"""A gallery of made vectors whose geometry is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration, SpaceSpec, TowerSpec
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View

DIMENSION = 24
SPACE = 'felt'


def unit(vector: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


@pytest.fixture
def spaces() -> dict[str, SpaceSpec]:
    towers = {name: TowerSpec(name, ('net',)) for name in ('image', 'touch', 'impact')}
    calibration = {
        f'{sense}->{target}': Calibration(10.0, -5.0, 0.5, 0.05)
        for sense in towers
        for target in towers
    }
    return {SPACE: SpaceSpec(DIMENSION, 'a' * 64, towers, calibration)}


@pytest.fixture
def make_gallery() -> Iterator[Callable[..., Gallery]]:
    """Items around centres of their own, so and so many views of each modality."""
    made: list[Gallery] = []

    def make(items: int = 12, noise: float = 0.1, seed: int = 0, **views: int) -> Gallery:
        rng = np.random.default_rng(seed)
        gallery = Gallery.open(':memory:', {SPACE: 'a' * 64})
        made.append(gallery)
        for number in range(items):
            centre = unit(rng.standard_normal(DIMENSION))
            own = [
                View(modality, {SPACE: unit(centre + noise * rng.standard_normal(DIMENSION))})
                for modality, count in (views or {'touch': 3, 'impact': 2}).items()
                for _ in range(count)
            ]
            gallery.enroll(f'thing {number}', own, f'item-{number}')
        return gallery

    yield make
    for gallery in made:
        gallery.close()
