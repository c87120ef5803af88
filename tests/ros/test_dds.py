# SPDX-License-Identifier: Apache-2.0
"""Runs on one machine never share a domain while there are enough of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from xsense_ros.nodes import dds

DRAWS = """
from xsense_ros.nodes.dds import loopback_environment
print(*(loopback_environment()['ROS_DOMAIN_ID'] for _ in range(40)))
"""


def test_a_domain_is_drawn_by_one_process_only() -> None:
    own = {dds.loopback_environment()['ROS_DOMAIN_ID'] for _ in range(3)}
    assert len(own) == 3 and os.environ['ROS_DOMAIN_ID'] not in own
    command = [sys.executable, '-c', DRAWS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    others = done.stdout.split()
    assert len(set(others)) == 40 and not own & set(others)
    assert all(1 <= int(domain) <= 101 for domain in others)


def test_more_runs_than_domains_share_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dds, '_DOMAINS', range(7, 8))
    assert [dds.loopback_environment()['ROS_DOMAIN_ID'] for _ in range(2)] == ['7', '7']
    assert dds.loopback_environment(42)['ROS_DOMAIN_ID'] == '42'
