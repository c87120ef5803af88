# SPDX-License-Identifier: Apache-2.0
"""A toy matcher that really matches, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.toy_matcher import toy_matcher_bundle
from xsense_ros.matching.matcher import Matcher


@pytest.fixture(scope='session')
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_matcher_bundle(tmp_path_factory.mktemp('bundles') / 'toy-matcher').path


@pytest.fixture(scope='session')
def matcher(toy_folder: Path) -> Iterator[Matcher]:
    loaded = Matcher.load(toy_folder, threads=1)
    yield loaded
    loaded.close()
