# SPDX-License-Identifier: Apache-2.0
"""The garbage collector of a process of nodes."""

from __future__ import annotations

import gc
import weakref

import pytest

from xsense_ros.nodes import garbage


class Cycle:
    """Something that only the collector frees."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before():
    yield
    gc.unfreeze()


def test_a_process_of_somebody_else_is_left_alone():
    before = gc.get_freeze_count()
    garbage.settle()
    assert gc.get_freeze_count() == before


def test_what_lives_is_not_looked_at_again():
    with garbage.owned():
        garbage.settle()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1000
    assert gc.get_freeze_count() == 0


def test_what_was_let_go_is_freed():
    with garbage.owned():
        models = Cycle()
        gone = weakref.ref(models)
        garbage.settle()
        del models
        gc.collect()
        assert gone() is not None, 'it lived when the collector was told to look away'
        garbage.settle()
        assert gone() is None
