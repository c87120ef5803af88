# SPDX-License-Identifier: Apache-2.0
"""Feeling: tactile sensors learn what they look like untouched, and touches are asked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.clock import Clock, ClockType
from rclpy.timer import Timer
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.msg import TouchContact
from xsense_ros.nodes.conversions import (
    compressed_to_rgb,
    image_to_rgb,
    ns_to_stamp,
    stamp_to_ns,
)
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.faults import Level
from xsense_ros.nodes.finger import Finger, arrival_ns, serial_of
from xsense_ros.nodes.hearing import Arrival, Topic
from xsense_ros.nodes.qos import TACTILE
from xsense_ros.nodes.question import Question
from xsense_ros.nodes.sense import Sense, Surroundings
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.tactile_sensor import Reading, TactileSensor
from xsense_ros.senses.touch_window import TouchEvent, TouchWindow
from xsense_ros.units import NS

# How late a touch that ends without a frame, or a sensor that has fallen silent, is noticed.
_LOOK_SECONDS = 0.05
_IDLE_SECONDS = 1.0  # while nobody listens, a known background is followed this often


class TouchSense(Sense[None]):
    """Several fingers, a topic each; what they feel at the same time is one question.

    Frames without contact teach the background of the unit that they come from (the frame_id of
    the header) and ask nothing.
    """

    def __init__(self, around: Surroundings) -> None:
        settings = around.settings
        self._contacts = around.contacts
        self._fingers: dict[str, Finger] = {}
        self._finger_of: dict[str, Finger] = {}  # by topic, raw or compressed
        self._window = TouchWindow(
            event_seconds=settings.touch_event_seconds,
            presses=settings.touch_presses,
            repeat_seconds=settings.touch_repeat_seconds,
            silent_seconds=settings.touch_silent_seconds,
        )
        self._timer: Timer | None = None
        super().__init__('touch', around)

    def _subscribe_all(self) -> None:
        for name, profile in self._settings.touch_profiles.items():
            full_name = self._node.resolve_topic_name(name)
            finger = Finger(TactileSensor(load_profile(profile)), full_name)
            self._fingers[full_name] = finger
            for kind, topic, decode in (
                (Image, name, image_to_rgb),
                (CompressedImage, f'{name}/compressed', compressed_to_rgb),
            ):
                self._finger_of[self._node.resolve_topic_name(topic)] = finger
                self._subscribe(kind, topic, TACTILE, decode)
        self._give_backgrounds(self._settings.touch_backgrounds)
        self._timer = self._node.create_timer(
            _LOOK_SECONDS,
            lambda: self._worker.offer(None),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
        )

    def close(self) -> None:
        """Unsubscribe and end the thread."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
        super().close()

    def latest_sample(self) -> Press:
        """What is touched now, by the finger that has most of it; InputError for nothing."""
        felt = []
        for finger in self._fingers.values():
            if finger.newest is not None and finger.knows(serial_of(finger.newest)):
                reading = finger.read(finger.newest)
                if reading is not None and reading.in_contact:
                    felt.append(reading)
        if not felt:
            states = '; '.join(f'{f.name}: {f.state()}' for f in self._fingers.values())
            raise InputError(
                'live touch',
                states,
                f'something that touches {" or ".join(self._fingers)}',
                'press the sensor on the thing, or send a sample of it',
            )
        return max(felt, key=lambda reading: reading.contact.area_mm2).press

    def profile_of(self, serial: str) -> str:
        """Profile of the finger that a unit was heard from last; '' for a unit never heard."""
        known = [f.sensor.profile.name for f in self._fingers.values() if f.serial == serial]
        return known[0] if known else ''

    def press(self, frame: NDArray[Any], serial: str) -> Press:
        """The press that a raw frame shows, with the background that was learnt of its unit.

        Args:
            frame: RGB uint8 (H, W, 3).
            serial: of the unit.

        Raises:
            InputError: a frame that cannot be used, or a unit of which no background is known.
        """
        fingers = sorted(self._fingers.values(), key=lambda finger: finger.serial != serial)
        for finger in fingers:
            if finger.knows(serial):
                return finger.press(frame, serial)
        raise InputError(
            'background',
            f'none known of the sensor {serial!r}',
            f'a sensor that was heard without contact on {" or ".join(self._fingers)}',
            "fill `background` in, or correct the frame_id of the sample's header",
        )

    def _give_backgrounds(self, folder: str) -> None:
        """Take what is known of units before they are heard; InputError for an unusable file."""
        if not folder:
            return
        files = sorted(Path(folder).expanduser().glob('*.png'))
        if not files:
            cure = "name a folder with SERIAL.png files, or '' to learn backgrounds"
            raise InputError('parameter touch.backgrounds', folder, 'pictures in it', cure)
        for file in files:
            frame = decode_compressed(file.read_bytes(), 'png')
            refused = [finger.give(file.stem, frame) for finger in self._fingers.values()]
            # It may belong to one kind of sensor and not to another.
            if all(refused) and refused[0] is not None:
                raise refused[0]

    def _receive(self, arrival: Arrival) -> None:
        self._latest = arrival
        self._finger_of[arrival.topic.name].take(arrival)
        self._worker.offer(None)

    def _handle(self, work: None) -> None:
        # In turns, so that no finger waits for all frames of another.
        while waiting := [finger for finger in self._fingers.values() if finger.waiting]:
            for finger in waiting:
                self._take(finger, finger.waiting.popleft())
        if self._latest is None:
            return
        now_ns = arrival_ns(self._latest) + round((time.perf_counter() - self._latest.time) * NS)
        now = time.perf_counter()
        self._ask(self._window.poll(now_ns), now, now)
        for name, fault in self._window.silent(now_ns):
            # The window has not heard of frames that were skipped, or that taught a background.
            finger = self._fingers[name]
            if finger.silent_for(self._settings.touch_silent_seconds) and not finger.silent:
                finger.silent = True
                self._faults.report(name, 'silent', Level.WARN, str(fault), sticky=True)

    def _take(self, finger: Finger, arrival: Arrival) -> None:
        try:
            self._feel(finger, arrival)
        except XsenseError as error:
            self._refuse(arrival.topic, error)

    def _feel(self, finger: Finger, arrival: Arrival) -> None:
        """Look at one frame; InputError where it cannot be used."""
        begun = time.perf_counter()
        if finger.silent:
            finger.silent = False
            self._faults.clear(finger.name)
        self._check_stamp(arrival)
        if not self._due(finger, serial_of(arrival)):
            return
        before = serial_of(finger.seen) if finger.seen else ''
        finger.seen, finger.reading = arrival, None
        reading = finger.reading = finger.read(arrival)
        serial = serial_of(arrival)
        if before and before != serial:
            self._node.get_logger().info(
                f'{finger.name}: sensor {before} was replaced by {serial}'
            )
        if reading is None or not reading.in_contact:
            finger.untouched = time.monotonic()
        if reading is not None:
            self._tell(finger, arrival.message.header, reading)
            self._ask(self._window.push(finger.name, reading), arrival.time, begun)

    def _due(self, finger: Finger, serial: str) -> bool:
        """Whether a frame need be looked at: nobody listening, no more work than must be."""
        now = time.monotonic()
        listened = self._asker.wanted() or self._contacts.get_subscription_count() > 0
        if not listened and finger.knows(serial) and now - finger.looked < _IDLE_SECONDS:
            return False
        finger.looked = now
        return True

    def _tell(self, finger: Finger, header: Header, reading: Reading) -> None:
        if not self._contacts.get_subscription_count():
            return
        message = TouchContact(
            header=header,
            sensor=finger.name,
            serial=reading.serial,
            profile=finger.sensor.profile.name,
            in_contact=reading.in_contact,
        )
        if reading.in_contact:
            message.area_mm2 = reading.contact.area_mm2
            message.centroid_x, message.centroid_y = reading.contact.centroid
            message.strength = reading.contact.strength
        self._contacts.publish(message)

    def _ask(self, event: TouchEvent | None, arrived: float, begun: float) -> None:
        """Ask one question about all fingers of a touch that has ended, if one has.

        Args:
            event: the touch.
            arrived: when the frame came with which it ended; by the clock of all arrivals.
            begun: when work on that frame began.
        """
        if event is None or not self._asker.wanted():
            return
        last = event.newest
        seen = self._fingers[last.topic].seen
        assert seen is not None
        # A stamp that the driver did not give is not made up for the answer.
        unstamped = stamp_to_ns(seen.message.header.stamp) <= 0
        stamp = Time() if unstamped else ns_to_stamp(last.stamp_ns)
        header = Header(stamp=stamp, frame_id=last.serial)
        presses = [felt.press for felt in event.presses]
        try:
            self._asker.ask(
                Question('touch', header, presses, '', arrived, begun, time.perf_counter())
            )
        except XsenseError as error:
            self._refuse(seen.topic, error)
        else:
            seen.topic.answered += 1

    def _dropped(self) -> int:
        """Frames of all fingers that made room for newer ones."""
        return sum(finger.skipped for finger in self._fingers.values())

    def _describe(self, topic: Topic) -> Report:
        summary, figures = super()._describe(topic)
        finger = self._finger_of[topic.name]
        if not topic.received or finger.newest is None:
            return summary, figures
        state = finger.state()
        return f'sensor {finger.serial}: {state}; {summary}', {**figures, **finger.figures()}
