# SPDX-License-Identifier: Apache-2.0
"""Holds what one sense has asked until its partners have, and lets them be answered together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from xsense_ros.fusion.event_window import EventWindow, Waiting
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.question import Encoded

FUSION = 'fusion'


Answer = Callable[[Sequence[Encoded]], None]


class Joiner:
    """Brings questions of one event together. Thread-safe.

    Args:
        groups: senses that are asked together, as 'impact+touch'; none: everything goes alone.
        seconds: the window, as in EventWindow.
        faults: told of answers that fail when the window closes.

    Raises:
        InputError: a group that is none, or a sense in two groups.
    """

    def __init__(self, groups: Sequence[str], seconds: float, faults: FaultRegistry) -> None:
        self._groups = groups
        self._window: EventWindow[Encoded] = EventWindow(groups, seconds)
        self._faults = faults
        self._answer: Answer | None = None
        self._together = self._alone = 0
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name='xsense-fusion', daemon=True)

    def start(self, answer: Answer) -> None:
        """Begin; ``answer`` is called with every event, the newest question last."""
        self._answer = answer
        if self._groups:
            self._thread.start()

    def takes(self, modality: str) -> bool:
        """Whether a sense is asked together with others."""
        return self._window.takes(modality)

    def offer(self, encoded: Encoded) -> None:
        """Answer a question with its partners if they are here; if not, let it wait for them.

        Raises:
            XsenseError: the answer failed.
        """
        question = encoded.question
        stamp_ns = stamp_to_ns(question.header.stamp)
        waiting = Waiting(question.modality, stamp_ns, question.arrived, encoded)
        with self._wake:
            events = self._window.push(waiting)
            self._wake.notify()
        for event in events:
            self._tell(event)

    def close(self, timeout: float = 10.0) -> None:
        """End the thread; what still waits is not answered."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def describe(self) -> Report:
        """For diagnostics: how many events were answered together, and how many samples alone."""
        together, alone = self._together, self._alone
        fault = self._faults.present(FUSION)
        summary = str(fault.message) if fault else f'{together} together, {alone} alone'
        return summary, {
            'senses': ', '.join(self._groups),
            'together': together,
            'alone': alone,
        }

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._stopping and not (
                    events := self._window.poll(time.perf_counter())
                ):
                    due = self._window.due()
                    self._wake.wait(None if due is None else max(due - time.perf_counter(), 0.0))
                if self._stopping:
                    return
            for event in events:
                self._tell_late(event)

    def _tell_late(self, event: Sequence[Waiting[Encoded]]) -> None:
        """As `_tell`, in our own thread, where no sense takes what goes wrong."""
        try:
            self._tell(event)
        except Exception as error:
            self._faults.report_error(FUSION, error)

    def _tell(self, event: Sequence[Waiting[Encoded]]) -> None:
        assert self._answer is not None  # nothing is offered before the start
        self._answer([waiting.sample for waiting in event])
        if len(event) > 1:
            self._together += 1
        else:
            self._alone += 1
