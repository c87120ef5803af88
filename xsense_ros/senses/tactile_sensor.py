# SPDX-License-Identifier: Apache-2.0
"""One finger: raw frames of a topic become presses and contact, whichever unit is plugged in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.background_model import BackgroundModel
from xsense_ros.senses.contact import Contact, find_contact
from xsense_ros.senses.contact_gate import ContactGate
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_profile import TactileProfile

# Backgrounds kept; more units than a robot is ever given, at 5 MB each for 480 x 640.
_MAX_UNITS = 16


@dataclass(frozen=True)
class Reading:
    """What one frame said. ``press`` and ``contact`` are measured whether in contact or not."""

    serial: str
    stamp_ns: int
    press: Press
    contact: Contact
    in_contact: bool


class TactileSensor:
    """Turns the frames of one topic into readings.

    Each unit (serial) has a background of its own at each resolution; another serial on the topic
    ends a contact and continues with that unit's background, or learns it.

    Args:
        profile: of the sensor.
    """

    def __init__(self, profile: TactileProfile) -> None:
        self.profile = profile
        self._models: OrderedDict[tuple[str, tuple[int, ...]], BackgroundModel] = OrderedDict()
        self._gate = ContactGate(profile.on_mm2, profile.off_mm2)
        self._serial = ''

    def read(self, frame: NDArray[np.uint8], serial: str, stamp_ns: int) -> Reading | None:
        """Take the next frame.

        Args:
            frame: RGB uint8 (H, W, 3), as the camera gives it.
            serial: of the sensor unit, not empty.
            stamp_ns: when it was taken.

        Returns:
            The reading; None while the background of this unit is being learnt.

        Raises:
            InputError: an unusable frame or serial, contact while the background is learnt, or
                no background given for this unit. What is known so far stays.
        """
        gel = self.profile.oriented(frame)
        model = self._model(serial, frame, gel)
        if serial != self._serial:
            self._serial = serial
            self._gate.reset()
        if model.background is None:
            self._check_may_learn(serial)
            model.learn(gel)
            return None
        press = model.press(gel)
        contact = find_contact(press, model.threshold)
        in_contact = self._gate.update(contact)
        if not in_contact:
            model.follow(gel, contact, stamp_ns)
        return Reading(serial, stamp_ns, press, contact, in_contact)

    def press(self, frame: NDArray[np.uint8], serial: str) -> Press:
        """The press in a single frame against this unit's background; changes no state.

        Raises:
            InputError: an unusable frame or serial, or the background is not known yet.
        """
        gel = self.profile.oriented(frame)
        return self._model(serial, frame, gel).press(gel)

    def give_background(self, serial: str, frame: NDArray[np.uint8]) -> None:
        """Set a unit's background from a raw frame without contact.

        Raises:
            InputError: an unusable frame or serial, or the frame shows contact; the background
                before is then kept.
        """
        gel = self.profile.oriented(frame)
        self._model(serial, frame, gel).give(gel)

    def forget(self, serial: str) -> None:
        """Drop the backgrounds of a unit, which are then learnt or to be given again."""
        for key in [key for key in self._models if key[0] == serial]:
            del self._models[key]

    def learning(self, serial: str) -> tuple[int, int]:
        """Frames learnt from so far and frames wanted; equal once the background is known."""
        wanted = self.profile.background_frames
        models = [model for key, model in self._models.items() if key[0] == serial]
        if not models:
            return 0, wanted
        return (wanted if models[-1].background is not None else models[-1].frames), wanted

    def _model(
        self, serial: str, frame: NDArray[np.uint8], gel: NDArray[np.uint8]
    ) -> BackgroundModel:
        if not serial.strip():
            raise InputError(
                'serial of a tactile sensor (header.frame_id)',
                serial,
                "the unit's serial number, or any name that no other unit has",
                'set frame_id in the driver; every unit needs a background of its own',
            )
        key = (serial, gel.shape)
        if key not in self._models:
            scale = self.profile.mm_per_pixel_of(frame)
            self._models[key] = BackgroundModel(self.profile, serial, scale)
            if len(self._models) > _MAX_UNITS:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]

    def _check_may_learn(self, serial: str) -> None:
        if self.profile.background == 'given':
            raise InputError(
                'serial of a tactile sensor (header.frame_id)',
                serial,
                'a unit whose background was given',
                "give its background, or set background to 'learn' in the profile",
            )
