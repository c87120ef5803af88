# SPDX-License-Identifier: Apache-2.0
"""Outcomes to report on."""

from __future__ import annotations

import pytest

from tests.training.evaluate.made import outcomes
from xsense_training.evaluate.rows import summarise


@pytest.fixture(scope='session')
def judged():
    return outcomes()


@pytest.fixture(scope='session')
def summary(judged):
    return summarise(judged)
