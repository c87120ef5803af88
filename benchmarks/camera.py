# SPDX-License-Identifier: Apache-2.0
"""Camera frame to match over DDS, against the raw engine alone: latency added, throughput kept."""

from __future__ import annotations

import threading
import time

from xsense_ros.msg import MatchArray

from benchmarks.report import Result, percentile
from benchmarks.rig import BUNDLE, THREADS, Rig, image_message, noise_frame
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle

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
    """Latency at 30 frames a second, then throughput when flooded with frames."""
    sent: dict[int, float] = {}
    latencies: list[float] = []
    engine: list[float] = []
    answered = threading.Event()

    def on_match(message: MatchArray, now: float) -> None:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        if stamp in sent:
            latencies.append(now - sent[stamp])
            engine.append(message.encode_ms / 1e3)
        answered.set()

    frame = image_message(FRAME)
    with Rig(on_match) as rig:
        warm_until = time.monotonic() + 10
        while not answered.is_set() and time.monotonic() < warm_until:
            rig.publish_image(frame)
            time.sleep(0.1)
        latencies.clear()
        engine.clear()
        for _ in range(FRAMES):
            start = time.perf_counter()
            sent[rig.publish_image(frame)] = start
            time.sleep(1 / 30)
        time.sleep(0.5)
        latency, engine_latency = percentile(latencies, 50), percentile(engine, 50)
        tail = percentile(latencies, 99)
        count = len(latencies)

        raw = raw_engine_seconds(100)
        period = percentile(raw, 50) / 1.5  # half as many frames again as the engine can take
        latencies.clear()
        sent.clear()
        begin = time.perf_counter()
        while (now := time.perf_counter()) - begin < SECONDS:
            sent[rig.publish_image(frame)] = now
            time.sleep(max(0.0, period - (time.perf_counter() - now)))
        rate = len(latencies) / (time.perf_counter() - begin)

    added = (latency - engine_latency) * 1e3
    raw_rate = 1 / percentile(raw, 50)
    return [
        Result(
            name='camera 640x480 to match over DDS, latency',
            ours=f'{latency * 1e3:.1f} ms p50, {tail * 1e3:.1f} ms p99',
            bare=f'{engine_latency * 1e3:.1f} ms p50: the engine within it',
            figure=f'+{added:.1f} ms',
            goal='<= engine + 3 ms',
            met=added <= 3.0,
            samples=count,
        ),
        Result(
            name='camera 640x480 to match over DDS, throughput',
            ours=f'{rate:.1f} matches/s',
            bare=f'{raw_rate:.1f} /s: raw engine loop',
            figure=f'{rate / raw_rate:.0%}',
            goal='>= 85 %',
            met=rate >= 0.85 * raw_rate,
            samples=len(latencies),
        ),
    ]
