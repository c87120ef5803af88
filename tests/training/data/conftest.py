# SPDX-License-Identifier: Apache-2.0
"""Tiny data root shared by the tests of the loaders, and the real one where it is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data import trees


@pytest.fixture(scope='session')
def tiny_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp('root')
    trees.tuxpaint_tree(root)
    trees.emoji_tree(root)
    trees.gcompris_tree(root, tmp_path_factory.mktemp('scratch'))
    return root


@pytest.fixture(scope='session')
def real_root() -> Path:
    from xsense_training.data.root import data_root

    return data_root()
