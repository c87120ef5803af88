# SPDX-License-Identifier: Apache-2.0
"""Frame of a tactile sensor to match over DDS, against the raw engine and a bare subscriber."""

from __future__ import annotations

from contextlib import ExitStack

from xsense_ros.msg import MatchArray

from benchmarks.fingers import RATE, Fingers, finger_rig
from benchmarks.floor import bare_subscriber
from benchmarks.over_dds import steady_rows
from benchmarks.stream import Stream
from xsense_ros.bench.rows import Row
from xsense_ros.nodes.conversions import stamp_to_ns

# What the sensors of most laboratories send; the larger one is shown beside it, without a goal.
SIZES = {(240, 320): True, (480, 640): False}
COUNT = 60


def run(scale: float = 1.0) -> list[Row]:
    """Touches at 15 a second: one frame of contact, one without. `scale` shortens it."""
    return [row for size, aimed in SIZES.items() for row in _measure(*size, aimed, scale)]


def _measure(height: int, width: int, aimed: bool, scale: float) -> list[Row]:
    streams: list[Stream] = []

    def on_match(message: MatchArray, _: float) -> None:
        for stream in streams:
            stream.heard(stamp_to_ns(message.header.stamp), message.encode_ms)

    count = round(COUNT * scale)
    with ExitStack() as stack:
        rig = stack.enter_context(finger_rig(on_match, ['touch']))
        floor = stack.enter_context(bare_subscriber(rig))
        fingers = Fingers(rig, ['touch'], height, width)
        frames = fingers.frames[0]
        streams.append(touch := Stream(rig, fingers.publishers[0]))
        return steady_rows(
            lambda: touch.steady(frames, RATE, count, every=2),
            lambda: floor.steady(frames, RATE, count),
            aimed=aimed,
            group='node',
            name=f'touch {width}x{height} to match',
            variant=f'{RATE} Hz',
        )
