# SPDX-License-Identifier: Apache-2.0
"""What the gallery's tests share."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from tests.fleet import fleet_url, fresh_collection, milvus
from tests.waiting import SECONDS
from xsense_ros.gallery.item import View
from xsense_ros.gallery.opening import open_gallery

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


@pytest.fixture(scope='session')
def server(tmp_path_factory):
    """A Milvus for all tests of this process, each with a collection of its own."""
    with milvus(tmp_path_factory.mktemp('milvus')) as process:
        yield process


@pytest.fixture
def fleet(server, tmp_path):
    """Maker of robots that share a gallery, by name; all of them are closed in the end."""
    collection = fresh_collection()
    with contextlib.ExitStack() as stack:

        def join(robot, *, fingerprints=FINGERPRINTS, port=server.port, **more):
            url = fleet_url(port, collection, robot, tmp_path, **more)
            return stack.enter_context(contextlib.closing(open_gallery(url, fingerprints)))

        join.collection = collection
        yield join


@pytest.fixture
def agree():
    """Has robots send and read until all are in step."""

    def settle(*robots):
        for robot in (*robots, *robots):
            assert robot.synchronise(SECONDS), robot.status()

    return settle
