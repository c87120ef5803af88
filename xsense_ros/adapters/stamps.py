# SPDX-License-Identifier: Apache-2.0
"""When a message was: its stamp as nanoseconds."""

from __future__ import annotations

from typing import Any

from xsense_ros.units import NS


def stamp_to_ns(stamp: Any) -> int:
    """A stamp (builtin_interfaces/Time or alike) as nanoseconds, exactly."""
    return int(stamp.sec) * NS + int(stamp.nanosec)


def message_ns(message: Any) -> int:
    """Stamp of a message's header; 0, "not known", where it has no header."""
    header = getattr(message, 'header', None)
    return 0 if header is None else stamp_to_ns(header.stamp)
