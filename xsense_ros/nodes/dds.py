# SPDX-License-Identifier: Apache-2.0
"""DDS settings that keep a demo, a test or a benchmark on this machine and to itself."""

from __future__ import annotations

import os
import random
import socket

from xsense_ros.resources import find_resource

# Domains 1..101 keep every DDS port below Linux's ephemeral range.
_DOMAINS = range(1, 102)
# Of the 250 ports of a domain (DDSI-RTPS 2.5, 9.6.2.3), the first that no participant uses.
_FIRST_PORT, _PORTS, _UNUSED = 7400, 250, 2
_claims: list[socket.socket] = []


def loopback_environment(domain_id: int | None = None) -> dict[str, str]:
    """Variables for the processes of one isolated run; add them to os.environ before rclpy.init.

    Args:
        domain_id: the DDS domain; None claims one, so that two runs never hear each other.
    """
    if domain_id is None:
        domain_id = _claim_domain()
    return {
        'ROS_DOMAIN_ID': str(domain_id),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(find_resource('config/fastdds_loopback.xml')),
    }


def isolate_this_process(domain_id: int | None = None) -> None:
    """Put `loopback_environment` into this process and so into its children."""
    os.environ.update(loopback_environment(domain_id))


def _claim_domain() -> int:
    """A domain that is this process's own until it ends.

    One of a hundred, drawn by chance alone, is that of another run on this machine once in a
    hundred times. A port that only one process can bind to says whose it is, and is free again
    however that process ends.
    """
    domains = random.SystemRandom().sample(_DOMAINS, len(_DOMAINS))
    for domain in domains:
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(('127.0.0.1', _FIRST_PORT + _PORTS * domain + _UNUSED))
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return domain
    return domains[0]  # more runs than domains: some have to share
