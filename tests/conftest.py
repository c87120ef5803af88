# SPDX-License-Identifier: Apache-2.0
"""No test judges time or leaves this machine: DDS has a domain of its own, and a second chance."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from xsense_ros.nodes.dds import isolate_this_process

settings.register_profile('house', deadline=None)
settings.load_profile('house')

_OVER_DDS = [Path(__file__).parent / folder for folder in ('ros', 'e2e', 'docs')]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a failed test of these folders again; the summary names it (RERUN).

    On a machine that is busy with something else the middleware loses discovery packets and
    best-effort samples, and a deadline passes. What is really broken fails twice.
    """
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _OVER_DDS):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope='session', autouse=True)
def _nobodys_terminal() -> None:
    """What is printed is printed as where nobody has said how wide or coloured it shall be."""
    for name in ('COLUMNS', 'LINES', 'FORCE_COLOR', 'NO_COLOR', 'TTY_COMPATIBLE'):
        os.environ.pop(name, None)


@pytest.fixture(scope='session', autouse=True)
def _own_domain() -> None:
    """Each test process has its own; whatever test comes first, for Fast DDS reads this once."""
    isolate_this_process()
