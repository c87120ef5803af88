# SPDX-License-Identifier: Apache-2.0
"""The made-up corpus and one fold fitted on it, shared by the tests of the recipe."""

from __future__ import annotations

import pytest

from tests.training.see_hear_read.corpora import made_corpus, named_classes, small_config
from xsense_training.recipes.see_hear_read.judging import judge_fold
from xsense_training.recipes.see_hear_read.recipe import fit


@pytest.fixture(scope='package')
def made():
    return made_corpus()


@pytest.fixture(scope='package')
def fitted(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp('run')
    return fit(*made, 0, folder, small_config(), named_classes())


@pytest.fixture(scope='package')
def judged(made, fitted):
    """Outcomes of the fold's test data."""
    return judge_fold(*made, fitted, 0, named_classes())
