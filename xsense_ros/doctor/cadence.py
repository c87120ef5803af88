# SPDX-License-Identifier: Apache-2.0
"""How often messages come, and how many of those that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from xsense_ros.doctor.observation import Heard
from xsense_ros.units import NS

ENOUGH = 8  # messages, to speak of a rate


def rate(heard: Sequence[Heard]) -> float:
    """Messages a second [Hz], from the times of arrival; 0 for fewer than two."""
    span = heard[-1].wall - heard[0].wall if heard else 0
    return (len(heard) - 1) * NS / span if span > 0 else 0.0


def lost_share(heard: Sequence[Heard]) -> float:
    """Share of messages that were stamped and never came [0, 1].

    A source that sends at a steady rate shows it in the distance of neighbouring stamps: the
    shorter ones are those between which nothing is missing. The lower quartile is steady where
    up to three quarters are lost, and not fooled by a single pair of stamps close together.
    """
    stamps = sorted({one.stamp for one in heard if one.stamp})
    if len(stamps) < ENOUGH:
        return 0.0
    steps = sorted(b - a for a, b in pairwise(stamps))
    period = steps[len(steps) // 4]
    sent = (stamps[-1] - stamps[0]) / period + 1
    return max(0.0, 1.0 - len(stamps) / sent)
