# SPDX-License-Identifier: Apache-2.0
"""Sightings as detections of vision_msgs, where that package is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xsense_ros.matching.seeker import Sighting
from xsense_ros.nodes.adapters import installed
from xsense_ros.nodes.matching.targets import Target

# Not on PyPI; the topic exists where the package is installed.
DETECTIONS_TYPE: type[Any] | None = installed('vision_msgs/msg/Detection2DArray')
if DETECTIONS_TYPE is not None:
    from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose


def detections_message(header: Any, seen: Iterable[tuple[Target, Sighting]]) -> Any:
    """vision_msgs/Detection2DArray of what was found, in the infrared frame."""
    found = Detection2DArray(header=header)
    for target, sighting in seen:
        if sighting.box_infrared is None:
            continue
        x, y, width, height = (float(value) for value in sighting.box_infrared)
        detection = Detection2D(header=header, id=target.name)
        detection.bbox.center.position.x = x + width / 2
        detection.bbox.center.position.y = y + height / 2
        detection.bbox.size_x, detection.bbox.size_y = width, height
        hypothesis = ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id = target.name
        hypothesis.hypothesis.score = sighting.probability
        detection.results.append(hypothesis)
        found.detections.append(detection)
    return found
