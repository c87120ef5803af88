# SPDX-License-Identifier: Apache-2.0
"""What /diagnostics tells of the computer: room on its disks, shared memory of the process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xsense_ros.doctor import disk
from xsense_ros.doctor.finding import Finding
from xsense_ros.doctor.machine import own_segments
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.faults import FaultRegistry, Level

COMPUTER = 'computer'


class ComputerReport:
    """Describes the computer that a node runs on; a disk that is nearly full is a fault.

    Args:
        faults: told of it.
        folders: what lies where now, by what people call it.
    """

    def __init__(self, faults: FaultRegistry, folders: Callable[[], Mapping[str, Path]]) -> None:
        self._faults = faults
        self._folders = folders
        self._segments: str | None = None
        self._full: dict[str, int] = {}

    def __call__(self) -> Report:
        """For DiagnosticsPublisher.add."""
        if self._segments is None:  # they stay as they are, and many files are looked at for it
            sizes = ', '.join(f'{size / (1 << 20):.1f} MiB' for size in own_segments())
            self._segments = sizes or 'unknown'
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        figures = {'DDS shared-memory segments': self._segments, 'load': f'{load:.2f}'}
        told = []
        for what, folder in self._folders().items():
            free = disk.free_bytes(folder)
            figures[f'{what}: folder'] = str(folder)
            figures[f'{what}: MB free'] = 'unknown' if free is None else str(free // 10**6)
            outcome = disk.judge(what, folder)
            told.append(outcome.well)
            self._judge(what, outcome.findings)
        return ', '.join(filter(None, told)) or f'load {load:.2f}', figures

    def _judge(self, what: str, findings: Sequence[Finding]) -> None:
        """A fault from when a disk is nearly full until it is not; told again if it gets worse."""
        level = max((finding.level for finding in findings), default=0)
        if level > self._full.get(what, 0):
            for found in findings:
                message = f'{found.subject}: got {found.seen}, expected {found.expected}. '
                message += f'Cure: {found.cure}'
                self._faults.report(
                    COMPUTER, found.subject, Level(found.level), message, sticky=True
                )
        elif not level and what in self._full:
            self._faults.clear(COMPUTER, f'disk of the {what}')
        self._full[what] = level
