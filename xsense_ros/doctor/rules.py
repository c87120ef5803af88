# SPDX-License-Identifier: Apache-2.0
"""All rules about running nodes, in the order in which a person would look."""

from __future__ import annotations

from collections.abc import Callable

from xsense_ros.doctor import (
    answers,
    complaints,
    discovery,
    drops,
    engines,
    node_state,
    publishers,
    qos,
    rates,
    remembered,
    shared_memory,
    sim_time,
    stamps,
)
from xsense_ros.doctor.finding import Outcome
from xsense_ros.doctor.observation import Observation

RULES: dict[str, Callable[[Observation], Outcome]] = {
    'discovery': discovery.judge,
    'nodes': node_state.judge,
    'publishers': publishers.judge,
    'qos': qos.judge,
    'rates': rates.judge,
    'shared memory': shared_memory.judge,
    'stamps': stamps.judge,
    'sim time': sim_time.judge,
    'engines': engines.judge,
    'gallery': remembered.judge,
    'answers': answers.judge,
    'drops': drops.judge,
    'complaints': complaints.judge,
}


def examine(seen: Observation) -> dict[str, Outcome]:
    """What every rule says of what was seen."""
    return {name: judge(seen) for name, judge in RULES.items()}
