# SPDX-License-Identifier: Apache-2.0
"""What the pages run stays on this machine, in a DDS domain of its own."""

from __future__ import annotations

import pytest

from xsense_ros.nodes.dds import isolate_this_process


@pytest.fixture(scope='session', autouse=True)
def _own_domain() -> None:
    isolate_this_process()
