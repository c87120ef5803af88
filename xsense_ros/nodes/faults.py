# SPDX-License-Identifier: Apache-2.0
"""Remembers what went wrong where, so that it is logged once and stays visible in diagnostics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from xsense_ros.errors import XsenseError

# The last kind collects what exceeds this, so that hostile input cannot grow the registry.
_MAX_KINDS = 24
_OTHER = 'other'


class Level(IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass
class Fault:
    """One kind of trouble at one source."""

    kind: str
    level: Level
    message: str
    count: int = 0
    last_seen: float = 0.0
    last_logged: float = 0.0
    unlogged: int = 0
    sticky: bool = False


class FaultRegistry:
    """Counts faults by source (a topic, the engine, the gallery) and kind. Thread-safe.

    Args:
        log: writes one line of the given level.
        hold_seconds: a fault counts as present for so long after it was last seen.
        log_period_seconds: the same kind at the same source is logged at most this often.
    """

    def __init__(
        self,
        log: Callable[[Level, str], None],
        hold_seconds: float = 5.0,
        log_period_seconds: float = 5.0,
    ) -> None:
        self._log = log
        self._hold = hold_seconds
        self._log_period = log_period_seconds
        self._lock = threading.Lock()
        self._faults: dict[str, dict[str, Fault]] = {}

    def report(
        self, source: str, kind: str, level: Level, message: str, *, sticky: bool = False
    ) -> None:
        """Count a fault, and log it unless the same was logged a moment ago.

        Args:
            source: where, as the user knows it; for topics the full name.
            kind: equal for what is the same trouble.
            level: how bad.
            message: value, expectation and cure.
            sticky: stays present until ``clear``.
        """
        now = time.monotonic()
        with self._lock:
            kinds = self._faults.setdefault(source, {})
            if kind not in kinds and len(kinds) >= _MAX_KINDS:
                kind = _OTHER
            fault = kinds.setdefault(kind, Fault(kind, level, message))
            fault.level, fault.message, fault.sticky = level, message, sticky
            fault.count += 1
            fault.unlogged += 1
            fault.last_seen = now
            if fault.last_logged and now - fault.last_logged < self._log_period:
                return
            repeated = f' ({fault.unlogged} times)' if fault.unlogged > 1 else ''
            fault.last_logged, fault.unlogged = now, 0
        self._log(level, f'{source}: {message}{repeated}')

    def report_error(self, source: str, error: Exception, level: Level = Level.WARN) -> None:
        """Count an exception: those of xsense_ros by what was wrong, others by their class."""
        if isinstance(error, XsenseError):
            self.report(source, error.what, level, str(error))
        else:
            kind = type(error).__name__
            message = f'{kind}: {error}. Cure: report this as a bug of xsense_ros'
            self.report(source, kind, Level.ERROR, message)

    def clear(self, source: str, kind: str | None = None) -> None:
        """Sticky faults of a source are over, or those of one kind; their counts stay."""
        with self._lock:
            for fault in self._faults.get(source, {}).values():
                if kind in (None, fault.kind):
                    fault.sticky = False
                    fault.last_seen = 0.0

    def present(self, source: str) -> Fault | None:
        """The worst fault of a source that is present now, the latest of equals."""
        horizon = time.monotonic() - self._hold
        with self._lock:
            active = [
                fault
                for fault in self._faults.get(source, {}).values()
                if fault.sticky or fault.last_seen > horizon
            ]
        return max(active, key=lambda fault: (fault.level, fault.last_seen), default=None)

    def history(self, source: str) -> list[Fault]:
        """All kinds of faults that a source has had, in order of first appearance."""
        with self._lock:
            return list(self._faults.get(source, {}).values())
