# SPDX-License-Identifier: Apache-2.0
"""One infrared frame: every template is looked for in it, and every answer is published."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from std_msgs.msg import Header

from xsense_ros.errors import XsenseError
from xsense_ros.matching.frame import CropMemory
from xsense_ros.matching.matcher import Matcher
from xsense_ros.matching.picture import draw
from xsense_ros.matching.seeker import Sighting
from xsense_ros.nodes.conversions import rgb_to_image, stamp_to_ns
from xsense_ros.nodes.hearing import Arrival
from xsense_ros.nodes.matching.answers import InfraredFrame, match_message
from xsense_ros.nodes.matching.detections import detections_message
from xsense_ros.nodes.matching.frames import VisibleFrames
from xsense_ros.nodes.matching.registration import Registration
from xsense_ros.nodes.matching.settings import MatchingSettings
from xsense_ros.nodes.matching.targets import Target, Targets
from xsense_ros.nodes.outlets import Outlets

MATCHES, ANNOTATED, DETECTIONS = 'heterologous_matches', 'annotated', 'detections'


class Search:
    """Looks for all templates, in the thread of the infrared camera.

    Args:
        matcher: of the active node.
        targets: what is looked for.
        visible: frames to pair with.
        registration: the mapping between both cameras.
        outlets: where answers go.
        settings: of the node.
    """

    def __init__(
        self,
        matcher: Matcher,
        targets: Targets,
        visible: VisibleFrames,
        registration: Registration,
        outlets: Outlets,
        settings: MatchingSettings,
    ) -> None:
        self._matcher = matcher
        self._targets = targets
        self._visible = visible
        self._registration = registration
        self._outlets = outlets
        self._settings = settings
        self._memory = CropMemory()

    def apply(self, settings: MatchingSettings) -> None:
        """Follow changed parameters."""
        self._settings = settings

    def wanted(self) -> bool:
        """Whether there is something to look for, and somebody who listens."""
        return len(self._targets) > 0 and self._outlets.heard()

    def look(self, frame: InfraredFrame, values: NDArray[Any]) -> tuple[XsenseError, ...]:
        """Search a frame, and publish what was found.

        Args:
            frame: header and times.
            values: (H, W) of the frame.

        Returns:
            Why templates could not be looked for; the others were.

        Raises:
            XsenseError: none could be; nothing was published.
        """
        mapping = self._registration.mapping()
        seen = self._matcher.frame(values, self._memory)
        partner = self._partner(frame)
        errors: list[XsenseError] = []
        sightings: list[tuple[Target, Sighting]] = []
        for target in self._targets.all():
            try:
                sighting = target.look(seen, self._matcher, mapping, self._settings.search)
            except XsenseError as error:
                errors.append(error)
                sighting = _nothing(target, str(error))
            sightings.append((target, sighting))
            self._tell(frame, target, sighting, partner)
        if self._outlets.heard(DETECTIONS):
            self._outlets[DETECTIONS].publish(detections_message(frame.header, sightings))
        if self._outlets.heard(ANNOTATED):
            visible = None if partner is None else self._visible.picture(partner)
            drawn = draw(visible, values, [(t.template, sighting) for t, sighting in sightings])
            self._outlets[ANNOTATED].publish(rgb_to_image(drawn, frame.header))
        return tuple(errors)

    def refuse(self, frame: InfraredFrame, reason: str) -> None:
        """Say of every template that a frame did not tell where it is, and why."""
        partner = self._partner(frame)
        for target in self._targets.all():
            self._tell(frame, target, _nothing(target, reason), partner)

    def _partner(self, frame: InfraredFrame) -> Arrival | None:
        stamp_ns = stamp_to_ns(frame.header.stamp)
        return self._visible.partner(stamp_ns, self._settings.pair_tolerance)

    def _tell(
        self, frame: InfraredFrame, target: Target, sighting: Sighting, partner: Arrival | None
    ) -> None:
        if not self._outlets.heard(MATCHES):
            return
        visible_header = partner.message.header if partner else Header()
        label, scale = self._matcher.label, self._settings.celsius
        self._outlets[MATCHES].publish(
            match_message(frame, target, sighting, visible_header, label, scale)
        )


def _nothing(target: Target, reason: str) -> Sighting:
    return Sighting(False, 0.0, None, None, target.mode, reason, 0)
