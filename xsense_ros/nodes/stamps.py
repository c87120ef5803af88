# SPDX-License-Identifier: Apache-2.0
"""Finds stamps that cannot be right, which otherwise show only as answers at the wrong time."""

from __future__ import annotations

from dataclasses import dataclass

from xsense_ros.units import NS


@dataclass(frozen=True)
class StampFault:
    """What is wrong with a stamp: its kind and a sentence with value, expectation and cure."""

    kind: str
    message: str


class StampCheck:
    """Looks at the stamps of one topic in order of arrival.

    A strange stamp is reported, and its sample is answered all the same: a robot whose camera
    driver leaves stamps at zero still sees.

    Args:
        tolerance_seconds: how far a stamp may lie ahead of the node's clock; the clocks of two
            computers are never quite equal.
    """

    def __init__(self, tolerance_seconds: float = 0.1) -> None:
        self._tolerance_ns = round(tolerance_seconds * NS)
        self._last_ns = 0

    def check(self, stamp_ns: int, now_ns: int) -> StampFault | None:
        """Judge one stamp.

        Args:
            stamp_ns: from the header, nanoseconds.
            now_ns: the node's clock (simulated time with `use_sim_time`), nanoseconds; 0 where a
                simulated clock has not started, and then only order is judged.
        """
        if stamp_ns == 0:
            return StampFault(
                'zero stamp',
                'stamp: got 0, expected the time of the measurement. '
                'Cure: let the driver fill header.stamp in',
            )
        last_ns, self._last_ns = self._last_ns, stamp_ns
        if stamp_ns < last_ns:
            return StampFault(
                'backward stamp',
                f'stamp: got {seconds(stamp_ns)} s after {seconds(last_ns)} s, expected rising '
                'stamps. Cure: end the second publisher of this topic; a looping bag or a clock '
                'that was set does this once and is harmless',
            )
        if now_ns > 0 and stamp_ns > now_ns + self._tolerance_ns:
            return StampFault(
                'future stamp',
                f"stamp: got {seconds(stamp_ns)} s, expected at most this node's "
                f'{seconds(now_ns)} s. Cure: synchronise the clocks of both computers (chrony), '
                'and set use_sim_time alike in all nodes',
            )
        return None


def seconds(nanoseconds: int) -> str:
    """Nanoseconds as seconds with three decimals, without the rounding of a float."""
    return f'{nanoseconds // NS}.{nanoseconds % NS // 1_000_000:03d}'
