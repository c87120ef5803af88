# SPDX-License-Identifier: Apache-2.0
"""Frame of a tactile sensor to match over DDS, against the raw engine: latency added."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from xsense_ros.msg import MatchArray

from benchmarks.camera import bare_subscriber_latencies, publish
from benchmarks.report import Result, percentile
from benchmarks.rig import Rig, image_message
from xsense_ros.nodes.conversions import stamp_to_ns

BUNDLE = 'touch-vision-sound'
TOUCHES = 150
SIZES = ((240, 320), (480, 640))
# What the sensors of most laboratories send; the larger one is shown beside it.
_GOAL_SIZE = SIZES[0]
_RESTING = 12  # more frames than a background is learnt from
_PERIOD = 1 / 30


def run() -> list[Result]:
    """Touches at 15 a second: one frame of contact, one without."""
    return [_latency(*size) for size in SIZES]


def gel(height: int, width: int, contact: bool, seed: int = 0) -> NDArray[np.uint8]:
    """A softly lit gel, with or without a ball pressed into it, uint8 (H, W, 3)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    frame = np.stack([110 + 20 * x, 120 + 15 * y, 100 - 18 * x], axis=-1)
    if contact:
        inside = (x * 4 / 3) ** 2 + y**2 < 0.2
        frame[inside] += np.stack([90 * x, 70 * y, -60 * x], axis=-1)[inside] + 20
    frame += np.random.default_rng(seed).normal(0, 1.0, frame.shape)
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def _latency(height: int, width: int) -> Result:
    sent: dict[int, float] = {}
    arrived: dict[int, tuple[float, float]] = {}  # time of arrival, encode_ms

    def on_match(message: MatchArray, now: float) -> None:
        arrived[stamp_to_ns(message.header.stamp)] = now, message.encode_ms

    frames = {contact: image_message(gel(height, width, contact)) for contact in (False, True)}
    # A touch is asked with its first frame: what follows is not waited for.
    with Rig(on_match, BUNDLE, ['touch.event_seconds:=0.0']) as rig:
        finger = rig.node.create_publisher(Image, 'touch', qos_profile_sensor_data)
        rig.wait(lambda: finger.get_subscription_count() > 0, 'the tactile topic')
        bare = bare_subscriber_latencies(rig, frames[True])
        for frame in frames.values():
            frame.header.frame_id = 'bench'
        for number in range(_RESTING):
            resting = image_message(gel(height, width, False, number))
            resting.header.frame_id = 'bench'
            publish(finger, rig, resting, {})
            time.sleep(_PERIOD)
        for _ in range(TOUCHES):
            publish(finger, rig, frames[True], sent)
            time.sleep(_PERIOD)
            publish(finger, rig, frames[False], {})
            time.sleep(_PERIOD)
        time.sleep(0.5)
    ours = [(arrived[stamp][0] - sent[stamp]) * 1e3 for stamp in sent if stamp in arrived]
    engine = [encode_ms for _, encode_ms in arrived.values()]
    added = percentile(ours, 50) - percentile(engine, 50)
    aimed = (height, width) == _GOAL_SIZE
    return Result(
        name=f'touch {width}x{height} to match over DDS, latency',
        ours=f'{percentile(ours, 50):.1f} ms p50, {percentile(ours, 99):.1f} ms p99',
        bare=f'{percentile(engine, 50):.1f} ms p50: the engine within it; '
        f'{percentile(bare, 50):.1f} ms: a bare subscriber that answers',
        figure=f'engine +{added:.1f} ms, of which ours {added - percentile(bare, 50):.1f}',
        goal='<= engine + 3 ms' if aimed else 'none',
        met=added <= 3.0 if aimed else None,
        samples=len(ours),
    )
