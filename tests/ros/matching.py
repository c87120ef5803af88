# SPDX-License-Identifier: Apache-2.0
"""A matching node with the toy matcher, and two cameras that see one scene."""

from __future__ import annotations

import array
import time
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from xsense_ros.msg import Box, HeterologousMatch
from xsense_ros.srv import ClearTemplate, SetTemplate

from tests.ros.harness import LiveNode, Recorder, dotted, image_message
from tests.toy_matcher import toy_scene
from tests.waiting import eventually
from xsense_ros.nodes.matching_node import MatchingNode

COLUMNS, ROWS = 320, 240
BOX = (100.0, 80.0, 64.0, 64.0)  # a thing of the toy scenes, as large as the toy matcher sees it


class Scene:
    """What both cameras see, and the same a moment later: moved, with other noise."""

    def __init__(self, seed: int = 0, columns: int = COLUMNS, rows: int = ROWS) -> None:
        # Twice as large as the frames, which are cut out of it wherever the cameras look.
        self.visible, self.warm = toy_scene(seed, 2 * columns, 2 * rows)
        self.columns, self.rows = columns, rows
        self._noise = np.random.default_rng(seed)

    def rgb(self, x: int = 0, y: int = 0) -> Any:
        """The visible frame (rows, columns, 3) with its corner at x, y of the scene."""
        return np.ascontiguousarray(self.visible[y : y + self.rows, x : x + self.columns])

    def counts(self, x: int = 0, y: int = 0) -> Any:
        """The infrared frame (rows, columns) of uint16, with noise of its own."""
        warm = self.warm[y : y + self.rows, x : x + self.columns]
        noise = self._noise.integers(-2, 3, warm.shape)
        return (warm.astype(np.int32) + noise).astype(np.uint16)


class MatchingRobot(LiveNode):
    """A matching node with a toy bundle, and an operator who publishes what its cameras see."""

    def __init__(self, bundle: Path, cli_args: list[str] | None = None, **parameters: Any) -> None:
        values = {'bundle': str(bundle), 'diagnostics_period': 0.1, 'search.prior': 0.0} | dotted(
            parameters
        )
        super().__init__(MatchingNode, 'matching', values, cli_args)
        self.scene = Scene()

    def listen(self) -> Recorder:
        """The answers from now on; the node knows already that somebody listens."""
        recorder = self.operator.listen(HeterologousMatch, 'heterologous_matches')
        eventually(lambda: self.node._outlets and self.node._outlets.heard())
        return recorder

    def header(self, frame: str, ago: float = 0.0) -> Header:
        """A header of now, or of some seconds ago."""
        header = Header(frame_id=frame)
        stamp_ns = time.time_ns() - round(ago * 1e9)
        header.stamp.sec, header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
        return header

    def see(self, x: int = 0, y: int = 0, header: Header | None = None) -> Header:
        """Publish a visible frame, and wait until the node has it; its header."""
        header = header or self.header('visible')
        topic = self.node._hearing[0]._topics[0]
        before = topic.received
        self.operator.publish('visible/image', image_message(self.scene.rgb(x, y), header))
        eventually(lambda: topic.received > before)
        return header

    def feel(self, x: int = 0, y: int = 0, header: Header | None = None) -> Header:
        """Publish an infrared frame; its header."""
        header = header or self.header('infrared')
        self.operator.publish('infrared/image', counts_message(self.scene.counts(x, y), header))
        return header

    def set(self, **parameters: Any) -> None:
        """Change parameters of the running node."""
        changes = [Parameter(name, value=value) for name, value in dotted(parameters).items()]
        results = self.node.set_parameters_atomically(changes)
        assert results.successful, results.reason

    def set_template(
        self, box: tuple[float, ...] = BOX, name: str = '', **fields: Any
    ) -> SetTemplate.Response:
        request = SetTemplate.Request(template_id=name, box=box_message(box), **fields)
        return self.operator.call(SetTemplate, 'matching/set_template', request)

    def clear_template(self, name: str = '') -> ClearTemplate.Response:
        request = ClearTemplate.Request(template_id=name)
        return self.operator.call(ClearTemplate, 'matching/clear_template', request)


def box_message(box: tuple[float, ...]) -> Box:
    x, y, width, height = box or (0.0, 0.0, 0.0, 0.0)
    return Box(x=float(x), y=float(y), width=float(width), height=float(height))


def corners(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height


def counts_message(values: Any, header: Header, encoding: str = '16UC1') -> Image:
    """A frame of one value a pixel."""
    message = Image(
        header=header,
        height=values.shape[0],
        width=values.shape[1],
        encoding=encoding,
        step=values.strides[0],
    )
    message.data = array.array('B', values.tobytes())
    return message
