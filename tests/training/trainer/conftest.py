# SPDX-License-Identifier: Apache-2.0
"""Small curves here; test_trainer.py draws the real ones."""

from __future__ import annotations

import pytest

from tests.training.trainer.toy_tasks import small_curves
from xsense_training.training_loop import loop


@pytest.fixture(autouse=True)
def _small_curves(monkeypatch):
    monkeypatch.setattr(loop, 'plot_curves', small_curves)
