# SPDX-License-Identifier: Apache-2.0
"""Calibration of all ordered pairs of modalities on validation data."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.see_hear_read.corpora import DIMENSION
from xsense_training.evaluate.system import System
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.see_hear_read.calibration import (
    calibrate,
    calibration_tasks,
    top_matches,
)
from xsense_training.recipes.see_hear_read.recipe import split


class TestCalibrationTasks:
    def test_every_ordered_pair_has_thresholds_that_make_sense(self, made, fitted):
        corpus, features = made
        shipped, validation = fitted.systems['shipped'], split(corpus, 0).validation
        empty = np.full((4, DIMENSION), 0.1, np.float32)
        found = calibrate(corpus, features, shipped, validation, empty)
        assert len(found.pairs) == len(found.on_validation) == 9
        thresholds = [(c.min_probability, c.min_margin) for c in found.pairs.values()]
        assert all(least >= 0.5 and gap >= 0.02 for least, gap in thresholds)

    def test_half_of_the_picture_queries_have_no_counterpart(self, made):
        """Told apart by a system whose cosine is one for the same thing and low for all else."""
        corpus, features = made
        heads = {'image': LinearHead(np.eye(DIMENSION), np.zeros(DIMENSION))}
        task = calibration_tasks(corpus, split(corpus, 0).validation)['image->image'][0]
        empty = -features.image[task.query.rows, 0].mean(axis=0, keepdims=True)
        matches = top_matches(System('', heads), features, task, empty)
        assert len(matches.best) == pytest.approx(len(task.query.rows) * 4 * 4 / 3, abs=1)
        assert matches.correct.mean() == pytest.approx(0.5, abs=0.12)
