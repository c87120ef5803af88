# SPDX-License-Identifier: Apache-2.0
"""What /diagnostics tells of a gallery that a fleet shares."""

from __future__ import annotations

from xsense_ros.gallery.remote.shared import SharedGallery
from xsense_ros.nodes.faults import FaultRegistry, Level

_FLEET = 'fleet'
_LEFT_OUT = 'changes of others'


class FleetReport:
    """Describes how the robot stands with its fleet, and reports what keeps it away.

    Args:
        gallery: open.
        faults: being offline is a WARN, being refused an ERROR, until it is over.
        source: part of the node under which they are shown.
    """

    def __init__(self, gallery: SharedGallery, faults: FaultRegistry, source: str) -> None:
        self._gallery = gallery
        self._faults = faults
        self._source = source
        self._told = ''
        self._told_refused = 0

    def __call__(self) -> dict[str, object]:
        """Figures for the part's status; GalleryError where the replica cannot be read."""
        status = self._gallery.status()
        if status.problem != self._told:
            self._told = status.problem
            self._faults.clear(self._source, _FLEET)
            if status.problem:
                level = Level.WARN if status.state == 'offline' else Level.ERROR
                self._faults.report(self._source, _FLEET, level, status.problem, sticky=True)
        if status.refused > self._told_refused:
            self._told_refused = status.refused
            self._faults.report(self._source, _LEFT_OUT, Level.WARN, status.last_refused)
        figures: dict[str, object] = {
            'fleet': status.server,
            'fleet state': status.state,
            'fleet pending changes': status.pending,
            'fleet conflicts': status.conflicts,
        }
        if status.seconds is not None:
            figures['fleet in step [s ago]'] = f'{status.seconds:.1f}'
        if status.last_conflict:
            figures['fleet last conflict'] = status.last_conflict
        for robot, views in status.robots.items():
            figures[f'fleet views of {robot}'] = views
        return figures
