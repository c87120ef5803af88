# SPDX-License-Identifier: Apache-2.0
"""Cameras out of sensor_msgs/CameraInfo."""

from __future__ import annotations

from typing import Any

import numpy as np

from xsense_ros.matching.mapping import Camera


def camera_of(message: Any) -> Camera:
    """The camera that a message describes; InputError for one that is not calibrated."""
    return Camera(
        (message.width, message.height),
        np.array(message.k).reshape(3, 3),
        tuple(message.d),
        message.distortion_model,
    )
