# SPDX-License-Identifier: Apache-2.0
"""One tactile sensor of a node: its newest frames, its background, what it feels."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.hearing import Arrival
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_sensor import Reading, TactileSensor
from xsense_ros.units import NS

# To look at a frame costs little, and each counts: backgrounds are learnt from frames in a row.
_WAITING = 10


@dataclass
class Finger:
    """A sensor with a raw and a compressed topic, whichever unit is plugged in.

    Attributes:
        sensor: turns frames into readings.
        name: full name of its raw topic.
        waiting: newest frames that have not been looked at.
        newest: newest frame.
        seen: frame that was last looked at.
        skipped: frames that made room for newer ones.
        looked: when a frame was last looked at (time.monotonic, seconds); 0 for never.
        untouched: when its unit was last seen without contact; 0 for never.
        silent: whether it was reported that no frames come.
        reading: of ``seen``; None while its background is learnt, or where it cannot be used.
    """

    sensor: TactileSensor
    name: str
    waiting: deque[Arrival] = field(default_factory=lambda: deque(maxlen=_WAITING))
    newest: Arrival | None = None
    seen: Arrival | None = None
    skipped: int = 0
    looked: float = 0.0
    untouched: float = 0.0
    silent: bool = False
    reading: Reading | None = None
    # Services look at frames too, on a thread of their own.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def serial(self) -> str:
        """Unit of the frame that was last looked at; '' before the first."""
        return serial_of(self.seen) if self.seen else ''

    def take(self, arrival: Arrival) -> None:
        """Keep a frame that has come, as the newest one."""
        self.skipped += len(self.waiting) == _WAITING
        self.waiting.append(arrival)
        self.newest = arrival

    def silent_for(self, seconds: float) -> bool:
        """Whether it gave frames, and has given none for so long."""
        return self.newest is not None and time.perf_counter() - self.newest.time > seconds

    def knows(self, serial: str) -> bool:
        """Whether the background of a unit is known."""
        have, wanted = self.sensor.learning(serial)
        return have >= wanted

    def read(self, arrival: Arrival) -> Reading | None:
        """Look at a frame.

        Returns:
            What it says; None while the background of its unit is learnt.

        Raises:
            InputError: a frame that cannot be used.
        """
        frame = arrival.topic.decode(arrival.message)
        with self._lock:
            return self.sensor.read(frame, serial_of(arrival), arrival_ns(arrival))

    def press(self, frame: NDArray[np.uint8], serial: str) -> Press:
        """The press in a raw frame; InputError where it, or the background, cannot be used."""
        with self._lock:
            return self.sensor.press(frame, serial)

    def give(self, serial: str, frame: NDArray[np.uint8]) -> InputError | None:
        """Take the background of a unit; what is wrong with it, or None."""
        try:
            with self._lock:
                self.sensor.give_background(serial, frame)
        except InputError as error:
            return error
        return None

    def state(self) -> str:
        """For people: learning, contact or no contact."""
        have, wanted = self.sensor.learning(self.serial)
        if have < wanted:
            return f'LEARNING its background, {have} of {wanted} frames without contact'
        touched = self.reading is not None and self.reading.in_contact
        return 'contact' if touched else 'no contact'

    def figures(self) -> dict[str, object]:
        """For diagnostics."""
        have, wanted = self.sensor.learning(self.serial)
        area = self.reading.contact.area_mm2 if self.reading and self.reading.in_contact else 0.0
        figures: dict[str, object] = {
            'serial': self.serial,
            'profile': self.sensor.profile.name,
            'background': f'{have} of {wanted} frames' if have < wanted else 'known',
            'contact [mm2]': f'{area:.1f}',
        }
        if self.untouched:
            figures['seconds since untouched'] = f'{time.monotonic() - self.untouched:.1f}'
        return figures


def serial_of(arrival: Arrival) -> str:
    """Which unit a frame comes from."""
    serial: str = arrival.message.header.frame_id
    return serial


def arrival_ns(arrival: Arrival) -> int:
    """Stamp of a frame; of one without, when it came, by the clock that all arrivals share."""
    stamp_ns = stamp_to_ns(arrival.message.header.stamp)
    return stamp_ns if stamp_ns > 0 else round(arrival.time * NS)
