# SPDX-License-Identifier: Apache-2.0
"""What several fingers feel within a moment becomes one event, of each finger's best frames.

All times are nanoseconds of one clock. Nothing here looks at a clock itself: time passes with the
readings and with ``poll``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from xsense_ros.errors import InputError
from xsense_ros.senses.contact import Contact
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_sensor import Reading
from xsense_ros.units import NS


@dataclass(frozen=True)
class FingerPress:
    """A frame of one finger that was chosen for an event."""

    topic: str
    serial: str
    stamp_ns: int
    press: Press
    contact: Contact


@dataclass(frozen=True)
class TouchEvent:
    """One touch. ``stamp_ns`` is when the first finger felt it; the best press comes first."""

    stamp_ns: int
    presses: tuple[FingerPress, ...]

    @property
    def newest(self) -> FingerPress:
        """The press that was felt last, whose stamp is that of the answer."""
        return max(self.presses, key=lambda press: press.stamp_ns)


@dataclass
class _Finger:
    """What is known of a topic; ``told_ns`` is when its lasting contact became an event."""

    serial: str = ''
    stamp_ns: int = 0
    contact: Contact | None = None  # of the reading before, while in contact
    told_ns: int | None = None
    found: list[tuple[float, FingerPress]] = field(default_factory=list)

    def release(self) -> None:
        self.contact = None
        self.told_ns = None


class TouchWindow:
    """Collects readings from the first contact on, and makes an event of them.

    An event ends ``event_seconds`` after its first contact; fingers that join meanwhile belong to
    it. A contact that lasts is told once, unless ``repeat_seconds`` says otherwise; it is told
    again after the finger has been lifted. Not thread-safe.

    Args:
        event_seconds: length of an event; 0 makes one of every first frame.
        presses: frames of each finger in an event, at most.
        repeat_seconds: a lasting contact is told again after so long; 0: once.
        silent_seconds: a finger without a frame for so long counts as lost, and as lifted.

    Raises:
        InputError: a parameter out of range.
    """

    def __init__(
        self,
        event_seconds: float = 0.3,
        presses: int = 1,
        repeat_seconds: float = 0.0,
        silent_seconds: float = 1.0,
    ) -> None:
        for name, value, low, high in (
            ('event_seconds', event_seconds, 0.0, 60.0),
            ('presses', presses, 1, 100),
            ('repeat_seconds', repeat_seconds, 0.0, 3600.0),
            ('silent_seconds', silent_seconds, 0.01, 3600.0),
        ):
            # Written so that NaN fails too.
            if not low <= value <= high:
                raise InputError(name, value, f'{low} to {high}', 'correct the parameter')
        self._event_ns = round(event_seconds * NS)
        self._presses = presses
        self._repeat_ns = round(repeat_seconds * NS)
        self._silent_ns = round(silent_seconds * NS)
        self._fingers: dict[str, _Finger] = {}
        self._opened_ns: int | None = None

    def push(self, topic: str, reading: Reading) -> TouchEvent | None:
        """Take a finger's next reading; an event where one has ended with it.

        A reading that is older than the one before (a clock was set, a bag began anew) makes the
        window forget everything first.

        Raises:
            InputError: a reading without a time.
        """
        now_ns = reading.stamp_ns
        if now_ns <= 0:
            raise InputError(
                'time of a tactile frame',
                now_ns,
                'nanoseconds above 0',
                'let the driver stamp its frames',
            )
        finger = self._fingers.setdefault(topic, _Finger())
        if now_ns < finger.stamp_ns:
            self.clear()
            finger = self._fingers.setdefault(topic, _Finger())
        # A frame after the end of an event does not belong to it.
        ended = self._ended(now_ns, before=True)
        if reading.serial != finger.serial:
            finger.release()
        finger.serial, finger.stamp_ns = reading.serial, now_ns
        if not reading.in_contact:
            finger.release()
        else:
            self._feel(topic, finger, reading)
        return ended or self._ended(now_ns)

    def poll(self, now_ns: int) -> TouchEvent | None:
        """Let time pass without a reading; an event where one has ended by now."""
        for finger in self._fingers.values():
            if now_ns - finger.stamp_ns > self._silent_ns:
                finger.release()
        return self._ended(now_ns)

    def silent(self, now_ns: int) -> list[tuple[str, InputError]]:
        """Topics that gave frames and have stopped, each with what to do about it."""
        return [
            (
                topic,
                InputError(
                    f'tactile sensor {finger.serial!r}',
                    f'no frame for {(now_ns - finger.stamp_ns) / NS:.1f} s',
                    f'one every {self._silent_ns / NS:g} s',
                    'check its cable and its driver; the other fingers go on',
                ),
            )
            for topic, finger in self._fingers.items()
            if now_ns - finger.stamp_ns > self._silent_ns
        ]

    def clear(self) -> None:
        """Forget all fingers and an event that has not ended."""
        self._fingers.clear()
        self._opened_ns = None

    def _feel(self, topic: str, finger: _Finger, reading: Reading) -> None:
        now_ns, contact = reading.stamp_ns, reading.contact
        told_ns = finger.told_ns
        if told_ns is not None and self._repeat_ns and now_ns - told_ns >= self._repeat_ns:
            finger.told_ns = None
        if finger.told_ns is None:
            if self._opened_ns is None:
                self._opened_ns = now_ns
            chosen = FingerPress(topic, reading.serial, now_ns, reading.press, contact)
            score = contact.area_mm2 / (1.0 + _change(contact, finger.contact, reading.press))
            finger.found.append((score, chosen))
            finger.found.sort(key=lambda found: -found[0])
            del finger.found[self._presses :]
        finger.contact = contact

    def _ended(self, now_ns: int, before: bool = False) -> TouchEvent | None:
        """The event, if it has ended at ``now_ns``, or even before."""
        opened_ns = self._opened_ns
        if opened_ns is None or now_ns - opened_ns < self._event_ns + before:
            return None
        found = [pair for finger in self._fingers.values() for pair in finger.found]
        found.sort(key=lambda pair: -pair[0])
        for finger in self._fingers.values():
            finger.found.clear()
            if finger.contact is not None and finger.told_ns is None:
                finger.told_ns = now_ns
        self._opened_ns = None
        return TouchEvent(opened_ns, tuple(chosen for _, chosen in found))


def _change(now: Contact, before: Contact | None, press: Press) -> float:
    """Relative change of the imprint since the frame before; 1 where there is none to compare."""
    if before is None or not before.area_mm2:
        return 1.0
    radius = math.sqrt(before.area_mm2 / math.pi) / press.mm_per_pixel
    moved = math.dist(now.centroid, before.centroid) / radius
    return moved + abs(now.area_mm2 - before.area_mm2) / before.area_mm2
