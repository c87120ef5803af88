# SPDX-License-Identifier: Apache-2.0
"""Camera frame to match over DDS: latency at 30 Hz and the peak rate, raw and from a recording."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage
from xsense_ros.msg import MatchArray

from benchmarks.floor import bare_subscriber
from benchmarks.over_dds import PEAK_RUNS, RUNS, peak_rows, steady_rows
from benchmarks.rig import BUNDLE, Rig, image_message
from benchmarks.samples import noise_frame
from benchmarks.statistics import percentile
from benchmarks.stream import Stream
from benchmarks.subjects import THREADS
from xsense_ros.bench.rows import Row
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.errors import InputError
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.recording import Recording
from xsense_ros.resources import find_resource

RATE, COUNT, PEAK_SECONDS = 30, 75, 1.6
COMPRESSED = 'camera/image/compressed'
RECORDED = 40
NAME = 'camera 640x480 to match'


def run(scale: float = 1.0, runs: int = RUNS, rising: int = PEAK_RUNS) -> list[Row]:
    """At 30 Hz in turns with a bare subscriber; then at rising rates. `scale` shortens it."""
    frames = [image_message(noise_frame(3))]
    encoder = Encoder([Bundle.open(find_bundle(BUNDLE))], threads=THREADS)
    encoder.warm_up()

    def raw_ms() -> float:
        taken = [encoder.encode('image', noise_frame(3)).encode_ms for _ in range(20)]
        return percentile(taken, 50)

    with ExitStack() as stack:
        streams: list[Stream] = []

        def on_match(message: MatchArray, _: float) -> None:
            for stream in streams:
                stream.heard(stamp_to_ns(message.header.stamp), message.encode_ms)

        rig = stack.enter_context(Rig(on_match))
        streams.append(raw := Stream(rig, rig.images))
        count, seconds = round(COUNT * scale), PEAK_SECONDS * scale
        row: dict[str, Any] = {'group': 'node', 'name': NAME}
        with bare_subscriber(rig) as floor:
            rows = steady_rows(
                lambda: raw.steady(frames, RATE, count),
                lambda: floor.steady(frames, RATE, count),
                runs=runs,
                variant=f'{RATE} Hz',
                **row,
            )
        rows += peak_rows(
            raw, frames, raw_ms, seconds=seconds, runs=rising, goal='ratio >= 0.85', **row
        )
        recorded = recorded_frames()
        if recorded:
            publisher = rig.node.create_publisher(
                CompressedImage, COMPRESSED, qos_profile_sensor_data
            )
            streams.append(played := Stream(rig, publisher))
            played.meet(recorded)
            row['name'] = 'recorded JPEG frames to match'
            rows += peak_rows(played, recorded, raw_ms, seconds=seconds, runs=rising, **row)
    encoder.close()
    return rows


def recorded_frames() -> list[Any]:
    """The first pictures of the sample recording; none where it, or its reader, is missing."""
    try:
        recording = Recording.open(find_resource('samples/robot_home/bag'))
        topic = next(name for name in recording.kinds if name.endswith(COMPRESSED))
        messages = recording.messages([topic])
        return [
            deserialize_message(message.data, CompressedImage)
            for message, _ in zip(messages, range(RECORDED), strict=False)
        ]
    except (InputError, StopIteration):
        return []
