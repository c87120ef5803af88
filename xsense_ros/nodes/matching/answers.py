# SPDX-License-Identifier: Apache-2.0
"""Sightings to messages."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.matching.boxes import Floats
from xsense_ros.matching.seeker import Sighting
from xsense_ros.msg import Box, HeterologousMatch
from xsense_ros.nodes.matching.targets import Target
from xsense_ros.senses.infrared import celsius


@dataclass(frozen=True)
class InfraredFrame:
    """A frame on its way: header, values (H, W) or None where they cannot be had, and times.

    arrived, begun, decoded: time.perf_counter, seconds.
    """

    header: Any
    values: NDArray[Any] | None
    arrived: float
    begun: float
    decoded: float


def match_message(
    frame: InfraredFrame,
    target: Target,
    sighting: Sighting,
    visible_header: Any,
    bundle: str,
    scale: tuple[float, float] | None,
) -> HeterologousMatch:
    """The message of one template in one frame; the cost of encoding is told once.

    Args:
        frame: that was searched, or could not be.
        target: what was looked for.
        sighting: what came of it.
        visible_header: of the paired visible frame.
        bundle: name and version.
        scale: degrees Celsius of a count, and at count 0; None where unknown.
    """
    spent = sighting.milliseconds
    encoded, target.unspent_ms = target.unspent_ms, 0.0
    return HeterologousMatch(
        header=frame.header,
        template_header=target.picture.header,
        visible_header=visible_header,
        template_id=target.name,
        found=sighting.found,
        score=sighting.probability,
        mode=sighting.mode,
        reason=sighting.reason,
        box_visible=_box(sighting.box_visible),
        box_infrared=_box(sighting.box_infrared),
        temperature=_temperature(frame.values, sighting.box_infrared, scale),
        bundle=bundle,
        wait_ms=(frame.begun - frame.arrived) * 1e3,
        decode_ms=(frame.decoded - frame.begun) * 1e3,
        cut_ms=spent.get('cut', 0.0),
        encode_ms=encoded,
        search_ms=spent.get('search', 0.0),
        total_ms=(time.perf_counter() - frame.arrived) * 1e3,
    )


def _box(box: Floats | None) -> Box:
    if box is None:
        return Box()
    x, y, width, height = (float(value) for value in box)
    return Box(x=x, y=y, width=width, height=height)


def _temperature(
    values: NDArray[Any] | None, box: Floats | None, scale: tuple[float, float] | None
) -> float:
    if values is None or box is None or scale is None:
        return math.nan
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.ceil(box[:2] + box[2:]).astype(int)
    inside = values[top:bottom, left:right]
    measured = inside[np.isfinite(inside)]
    return float(np.median(celsius(measured, *scale))) if measured.size else math.nan
