# SPDX-License-Identifier: Apache-2.0
"""The tiny world, once."""

from __future__ import annotations

import pytest

from tests.training.sketch.world import make_set, make_split
from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.features.sketch_set import SketchSet


@pytest.fixture(scope='session')
def shapes() -> SketchSet:
    return make_set()


@pytest.fixture(scope='session')
def parts() -> ConceptSplit:
    return make_split()
