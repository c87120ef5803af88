# SPDX-License-Identifier: Apache-2.0
"""DDS settings that keep a demo, a test or a benchmark on this machine and to itself."""

from __future__ import annotations

import os
import random

from xsense_ros.resources import find_resource

# Domains 1..101 keep every DDS port below Linux's ephemeral range.
_DOMAINS = range(1, 102)


def loopback_environment(domain_id: int | None = None) -> dict[str, str]:
    """Variables for the processes of one isolated run; add them to os.environ before rclpy.init.

    Args:
        domain_id: the DDS domain; None draws a fresh one, so that two runs never hear each other.
    """
    if domain_id is None:
        domain_id = random.SystemRandom().choice(_DOMAINS)
    return {
        'ROS_DOMAIN_ID': str(domain_id),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(find_resource('config/fastdds_loopback.xml')),
    }


def isolate_this_process(domain_id: int | None = None) -> None:
    """Put `loopback_environment` into this process and so into its children."""
    os.environ.update(loopback_environment(domain_id))
