# SPDX-License-Identifier: Apache-2.0
"""What the gallery's tests share."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.gallery.item import View

FINGERPRINTS = {'ist': 'a' * 64}


@pytest.fixture
def fingerprints():
    return dict(FINGERPRINTS)


@pytest.fixture
def unit():
    """Maker of float32 vectors (8,) of length 1 by seed."""

    def make(seed, dimension=8):
        vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)

    return make


@pytest.fixture
def view(unit):
    """Maker of views with a vector in the space 'ist' by seed."""

    def make(seed, modality='image', **more):
        return View(modality, {'ist': unit(seed)}, **more)

    return make
