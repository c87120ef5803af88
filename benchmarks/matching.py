# SPDX-License-Identifier: Apache-2.0
"""Infrared frame to box over DDS, against the raw search engine: latency, frames a second."""

from __future__ import annotations

import array
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from xsense_ros.msg import Box, HeterologousMatch
from xsense_ros.srv import SetTemplate

from benchmarks.floor import bare_subscriber
from benchmarks.over_dds import peak_rows, steady_rows
from benchmarks.rig import NodeRig, image_message
from benchmarks.samples import infrared_frame, noise_frame
from benchmarks.statistics import percentile
from benchmarks.stream import Stream
from benchmarks.subjects import THREADS
from xsense_ros.bench.rows import Row
from xsense_ros.matching.geometry import Crop
from xsense_ros.matching.matcher import Matcher
from xsense_ros.nodes.conversions import stamp_to_ns

RATE, COUNT, PEAK_SECONDS = 15, 22, 1.5
BOX = (288.0, 208.0, 64.0, 64.0)
TILES = 4
_CAMERAS = ('visible', 'infrared')
VISIBLE = noise_frame(3)
ELSEWHERE = noise_frame(5)  # nothing that is in the infrared frames
# Whatever the model says of these pictures, the thing is followed, or lost for ever.
MODES = {
    HeterologousMatch.WINDOW: ('search.min_probability:=0.0',),
    HeterologousMatch.TILES: (
        'search.min_probability:=1.0',
        'search.lost_after:=1',
        f'search.tiles_per_frame:={TILES}',
    ),
}


def run(scale: float = 1.0) -> list[Row]:
    """Latency at a fixed rate and the peak rate, in both modes of search; `scale` shortens."""
    return [row for mode, asked in MODES.items() for row in _measure(mode, asked, scale)]


def _message(counts: NDArray[np.uint16]) -> Image:
    rows, columns = counts.shape
    message = Image(height=rows, width=columns, encoding='16UC1', step=2 * columns)
    message.data = array.array('B', counts.astype('<u2').tobytes())
    return message


def _raw_engine(rounds: int) -> list[float]:
    """Milliseconds of the bare search engine on a crop that is ready: no ROS, no cutting."""
    matcher = Matcher.load(threads=THREADS)
    matcher.warm_up()
    side = matcher.template_size
    kept = matcher.encode(np.ascontiguousarray(VISIBLE[:side, :side]))
    crop = cv2.resize(VISIBLE, (matcher.search_size,) * 2)[..., 1]
    size = matcher.search_size
    tensor = matcher.frame(crop).tensor(Crop((size / 2, size / 2), size, size))
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        matcher.search(tensor, kept)
        taken.append((time.perf_counter() - begin) * 1e3)
    matcher.close()
    return taken


def _measure(mode: str, parameters: Sequence[str], scale: float) -> list[Row]:
    frames = [_message(infrared_frame(seed)) for seed in range(8)]
    visible = image_message(VISIBLE)
    with ExitStack() as stack:
        rig = stack.enter_context(NodeRig('matching', parameters))
        qos = qos_profile_sensor_data
        cameras = [rig.node.create_publisher(Image, f'{n}/image', qos) for n in _CAMERAS]

        def see() -> None:
            rig.stamp(visible)
            cameras[0].publish(visible)

        stream = Stream(rig, cameras[1], before=see)

        def on_match(message: HeterologousMatch) -> None:
            if message.mode == mode:
                stream.heard(stamp_to_ns(message.header.stamp), message.search_ms)

        floor = stack.enter_context(bare_subscriber(rig))
        _set_template(rig, VISIBLE if mode == HeterologousMatch.WINDOW else ELSEWHERE)
        rig.node.create_subscription(HeterologousMatch, 'heterologous_matches', on_match, 50)
        searches = TILES if mode == HeterologousMatch.TILES else 1
        count = round(COUNT * scale)
        row: dict[str, Any] = {'group': 'node', 'name': f'infrared 640x480 to box, {mode}'}
        stream.meet(frames)  # the first frames find the thing, or lose it
        rows = steady_rows(
            lambda: stream.steady(frames, RATE, count),
            lambda: floor.steady(frames, RATE, count),
            variant=f'{RATE} Hz',
            **row,
        )
        return rows + peak_rows(
            stream,
            frames,
            lambda: searches * percentile(_raw_engine(10), 50),
            seconds=PEAK_SECONDS * scale,
            **row,
        )


def _set_template(rig: NodeRig, picture: NDArray[np.uint8]) -> None:
    client = rig.node.create_client(SetTemplate, 'matching/set_template')
    rig.wait(client.service_is_ready, 'the set_template service')
    x, y, width, height = BOX
    request = SetTemplate.Request(template_id='thing', image=image_message(picture))
    request.box = Box(x=x, y=y, width=width, height=height)
    answers: list[Any] = []

    def ask() -> None:
        client.call_async(request).add_done_callback(lambda done: answers.append(done.result()))

    rig.insist(ask, lambda: bool(answers), 'set_template')
    if not answers[0].success:
        raise RuntimeError(answers[0].message)
