# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.touch_sim.bumps import FAMILIES, draw_bump
from xsense_training.touch_sim.materials import MATERIALS


def points(count: int = 400, spread: float = 30.0) -> np.ndarray:
    return np.random.default_rng(5).uniform(-spread, spread, (count, 3)).astype(np.float32)


@pytest.mark.parametrize('family', FAMILIES)
def test_gradient_is_that_of_the_heights(family):
    bump = draw_bump(family, np.random.default_rng(1))
    at, step = points(200, 5.0), 2e-3
    _, gradient = bump.height_and_gradient(at)
    for axis in range(3):
        shift = np.zeros(3, np.float32)
        shift[axis] = step
        numeric = (bump.height(at + shift) - bump.height(at - shift)) / (2 * step)
        assert np.abs(numeric - gradient[:, axis]).max() < 0.02 * np.abs(gradient).max()


@pytest.mark.parametrize('family', FAMILIES)
def test_amplitude_is_from_valley_to_ridge(family):
    bump = draw_bump(family, np.random.default_rng(2), amplitude_mm=0.4)
    low, high = np.percentile(bump.height(points(20000, 300.0)), [2, 98])
    assert high - low == pytest.approx(0.4, rel=0.12)


def test_height_repeats_after_a_wavelength_of_ribs():
    bump = draw_bump('ribs', np.random.default_rng(3), wavelength_mm=2.5)
    across = bump.vectors[0] / np.linalg.norm(bump.vectors[0])
    at = points(50)
    assert np.abs(bump.height(at) - bump.height(at + 2.5 * across)).max() < 1e-3
    assert np.abs(bump.height(at) - bump.height(at + 1.25 * across)).max() > 0.1


def test_what_a_pixel_cannot_resolve_fades():
    bump = draw_bump('knurl', np.random.default_rng(4), wavelength_mm=1.5)
    near = np.abs(bump.height_and_gradient(points(), 0.1)[1]).max()
    far = np.abs(bump.height_and_gradient(points(), 3.0)[1]).max()
    assert far < 0.05 * near


def test_materials_name_known_reliefs_and_share_some():
    for material in MATERIALS.values():
        assert set(material.reliefs) <= set(FAMILIES)
    # A relief that only one material had would be its name written on the object.
    uses = [name for material in MATERIALS.values() for name in material.reliefs]
    assert sum(uses.count(family) > 1 for family in FAMILIES) >= 9


def test_unknown_family():
    with pytest.raises(InputError, match='relief family'):
        draw_bump('velvet', np.random.default_rng(0))
