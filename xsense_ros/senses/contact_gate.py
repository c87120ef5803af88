# SPDX-License-Identifier: Apache-2.0
"""In contact or not, with hysteresis, so that a faint touch does not flicker."""

from __future__ import annotations

from xsense_ros.errors import InputError
from xsense_ros.senses.contact import Contact


class ContactGate:
    """Contact begins with an area of ``on_mm2`` and lasts until it is below ``off_mm2``.

    Args:
        on_mm2: area at which contact begins.
        off_mm2: area below which it ends, at most ``on_mm2``.

    Raises:
        InputError: areas that are not above 0, or in the wrong order.
    """

    def __init__(self, on_mm2: float, off_mm2: float) -> None:
        # Written so that NaN fails too.
        if not 0.0 < off_mm2 <= on_mm2:
            raise InputError(
                'areas at which contact begins and ends',
                (on_mm2, off_mm2),
                'above 0, the first not below the second',
                'correct on_mm2 and off_mm2 in the profile of the sensor',
            )
        self._on_mm2, self._off_mm2 = on_mm2, off_mm2
        self._in_contact = False

    @property
    def in_contact(self) -> bool:
        """State after the last update."""
        return self._in_contact

    def update(self, contact: Contact) -> bool:
        """Take the newest measurement; returns whether there is contact now."""
        limit = self._off_mm2 if self._in_contact else self._on_mm2
        self._in_contact = contact.area_mm2 >= limit
        return self._in_contact

    def reset(self) -> None:
        """Back to no contact; after another sensor unit took over."""
        self._in_contact = False
