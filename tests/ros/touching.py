# SPDX-License-Identifier: Apache-2.0
"""A toy finger that publishes frames one after the other, as a driver does."""

from __future__ import annotations

import array
import time
from typing import Any

import cv2
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from tests.ros.harness import Robot, image_message
from tests.toy_touch import toy_gel
from tests.waiting import eventually

PERIOD_NS = 33_000_000


class Finger:
    """Publishes frames of a toy sensor, 33 ms apart by their stamps.

    Args:
        robot: whose node hears it.
        topic: raw, or ending in /compressed.
        serial: of the unit.
        unit: whose light and gel it has.
        size: 2 for pictures of twice the size.
        clock: stamps so far, shared by fingers of one hand; None: from now; 0: no stamps.
        format: of compressed frames.
        wait: until the node has looked at each frame, so that none is skipped.
    """

    def __init__(
        self,
        robot: Robot,
        topic: str = 'touch',
        serial: str = 'A1',
        unit: int = 1,
        *,
        size: int = 1,
        clock: list[int] | int | None = None,
        format: str = 'png',
        wait: bool = True,
    ) -> None:
        self._robot, self._topic, self._serial = robot, topic, serial
        self._unit, self._size, self._format, self._wait = unit, size, format, wait
        start = [time.time_ns() - 30_000_000_000] if clock is None else clock
        self.clock = [start] if isinstance(start, int) else start
        self._seed = 0

    def rest(self) -> None:
        """More than enough frames without contact to learn from."""
        self.show(None, 12)

    def press(self, word: str) -> list[Header]:
        """A touch of 0.4 s, longer than an event."""
        return self.show(word, 13)

    def lift(self) -> None:
        """End a touch."""
        self.show(None, 2)

    def show(self, word: str | None, frames: int = 1) -> list[Header]:
        """Publish frames of a thing that is touched, or of nothing; their headers."""
        return [self._publish(word) for _ in range(frames)]

    def _publish(self, word: str | None) -> Header:
        header = Header(frame_id=self._serial)
        if self.clock[0]:
            self.clock[0] += PERIOD_NS
            header.stamp.sec, header.stamp.nanosec = divmod(self.clock[0], 1_000_000_000)
        self._seed += 1
        # The same place for a while: a finger that rests on a thing.
        frame = toy_gel(word, self._unit, self._seed // 100, self._size)
        message: Any = image_message(frame, header)
        if self._topic.endswith('/compressed'):
            bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
            data = cv2.imencode(f'.{self._format}', bgr)[1].tobytes()
            message = CompressedImage(
                header=header, format=self._format, data=array.array('B', data)
            )
        sense = self._robot.node._senses['touch']
        finger = sense._finger_of[f'{self._robot.namespace}/{self._topic}']
        before = finger.seen
        self._robot.operator.publish(self._topic, message)
        if self._wait:
            eventually(lambda: finger.seen is not before and finger.seen.message.header == header)
        return header
