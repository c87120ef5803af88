# SPDX-License-Identifier: Apache-2.0
"""Camera frame to match over DDS, against the raw engine alone: latency added, throughput kept."""

from __future__ import annotations

import subprocess
import sys
import time

from rclpy.publisher import Publisher
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from xsense_ros.msg import MatchArray

from benchmarks.bare_subscriber import TOPIC_IN, TOPIC_OUT
from benchmarks.report import Result, percentile
from benchmarks.rig import BUNDLE, THREADS, Rig, image_message, noise_frame
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.nodes.conversions import stamp_to_ns

FRAMES = 300
SECONDS = 8.0
FRAME = noise_frame(3)


def raw_engine_seconds(rounds: int) -> list[float]:
    """Time of the bare image models on a tensor that is ready: no ROS, no decoding, no gallery."""
    encoder = Encoder([Bundle.open(find_bundle(BUNDLE))], threads=THREADS)
    encoder.warm_up()
    taken = [encoder.encode('image', FRAME).encode_ms / 1e3 for _ in range(rounds)]
    encoder.close()
    return taken


def run() -> list[Result]:
    """Latency at 30 frames a second, beside a bare subscriber; then throughput when flooded."""
    sent: dict[int, float] = {}
    arrived: dict[int, tuple[float, float]] = {}  # time of arrival, encode_ms

    def on_match(message: MatchArray, now: float) -> None:
        arrived[stamp_to_ns(message.header.stamp)] = now, message.encode_ms

    def latencies() -> list[float]:
        return [(arrived[stamp][0] - sent[stamp]) * 1e3 for stamp in sent if stamp in arrived]

    frame = image_message(FRAME)
    with Rig(on_match) as rig:
        bare = bare_subscriber_latencies(rig, frame)
        for _ in range(FRAMES):
            publish(rig.images, rig, frame, sent)
            time.sleep(1 / 30)
        time.sleep(0.5)
        ours = latencies()
        engine = [encode_ms for _, encode_ms in arrived.values()]

        raw = raw_engine_seconds(100)
        sent.clear()
        arrived.clear()
        period = percentile(raw, 50) / 1.2  # more frames than the engine can take
        begin = time.perf_counter()
        while (now := time.perf_counter()) - begin < SECONDS:
            publish(rig.images, rig, frame, sent)
            time.sleep(max(0.0, period - (time.perf_counter() - now)))
        rate = len(arrived) / (time.perf_counter() - begin)
        raw += raw_engine_seconds(100)  # before and after, since the machine's speed drifts

    added = percentile(ours, 50) - percentile(engine, 50)
    raw_rate = 1 / percentile(raw, 50)
    return [
        Result(
            name='camera 640x480 to match over DDS, latency',
            ours=f'{percentile(ours, 50):.1f} ms p50, {percentile(ours, 99):.1f} ms p99',
            bare=f'{percentile(engine, 50):.1f} ms p50: the engine within it; '
            f'{percentile(bare, 50):.1f} ms: a bare subscriber that answers',
            figure=f'engine +{added:.1f} ms, of which ours {added - percentile(bare, 50):.1f}',
            goal='<= engine + 3 ms',
            met=added <= 3.0,
            samples=len(ours),
        ),
        Result(
            name='camera 640x480 to match over DDS, throughput',
            ours=f'{rate:.1f} matches/s',
            bare=f'{raw_rate:.1f} /s: raw engine loop',
            figure=f'{rate / raw_rate:.0%}',
            goal='>= 85 %',
            met=rate >= 0.85 * raw_rate,
            samples=len(arrived),
        ),
    ]


def publish(publisher: Publisher, rig: Rig, frame: Image, sent: dict[int, float]) -> None:
    """Publish a frame and note when, by its stamp; the time of publishing itself counts."""
    stamp = rig.stamp(frame)
    sent[stamp] = time.perf_counter()
    publisher.publish(frame)


def bare_subscriber_latencies(rig: Rig, frame: Image) -> list[float]:
    """Frame to empty answer [ms]: the share of DDS and rclpy, which no node can avoid."""
    sent: dict[int, float] = {}
    taken: list[float] = []

    def on_answer(message: MatchArray) -> None:
        taken.append((time.perf_counter() - sent[stamp_to_ns(message.header.stamp)]) * 1e3)

    child = subprocess.Popen([sys.executable, '-m', 'benchmarks.bare_subscriber'])
    try:
        frames = rig.node.create_publisher(Image, TOPIC_IN, qos_profile_sensor_data)
        rig.node.create_subscription(MatchArray, TOPIC_OUT, on_answer, 10)
        rig.wait(lambda: frames.get_subscription_count() > 0, 'the bare subscriber')
        rig.wait(lambda: rig.node.count_publishers(TOPIC_OUT) > 0, 'the bare subscriber')
        for _ in range(FRAMES):
            publish(frames, rig, frame, sent)
            time.sleep(1 / 30)
        time.sleep(0.5)
    finally:
        child.terminate()
        child.wait(timeout=20)
    return taken
