"""Training rows and a validation score of the small world."""

from __future__ import annotations

import pytest

from tests.training.baselines.small_world import retrieval_score, world


@pytest.fixture(scope='module')
def train():
    return world()


@pytest.fixture(scope='module')
def score():
    return retrieval_score(*world(seed=1, rows=120))
