# SPDX-License-Identifier: Apache-2.0
"""The managed node `matching`: finds what is marked in visible frames in infrared ones."""

from __future__ import annotations

import sys
import threading
from typing import Any

from sensor_msgs.msg import Image

from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.matching.matcher import Matcher
from xsense_ros.msg import HeterologousMatch
from xsense_ros.nodes.engine_report import ENGINE, EngineReport, report_fallbacks
from xsense_ros.nodes.managed_node import ManagedNode
from xsense_ros.nodes.matching.detections import DETECTIONS_TYPE
from xsense_ros.nodes.matching.frames import VisibleFrames
from xsense_ros.nodes.matching.infrared import InfraredFrames
from xsense_ros.nodes.matching.parameters import PARAMETERS
from xsense_ros.nodes.matching.registration import Registration
from xsense_ros.nodes.matching.search import ANNOTATED, DETECTIONS, MATCHES, Search
from xsense_ros.nodes.matching.services import MatchingServices, Regions
from xsense_ros.nodes.matching.settings import MatchingSettings, check_values
from xsense_ros.nodes.matching.surroundings import Surroundings
from xsense_ros.nodes.matching.targets import TEMPLATES, Targets
from xsense_ros.nodes.outlets import Outlets
from xsense_ros.nodes.parameters import NodeParameters
from xsense_ros.nodes.process import run
from xsense_ros.nodes.qos import ANSWERS, PICTURES

_OUTLETS = [(MATCHES, HeterologousMatch, ANSWERS), (ANNOTATED, Image, PICTURES)]
if DETECTIONS_TYPE is not None:
    _OUTLETS.append((DETECTIONS, DETECTIONS_TYPE, ANSWERS))


class MatchingNode(ManagedNode):
    """Follows visible templates through the frames of an infrared camera.

    unconfigured: diagnostics only. inactive: bundle verified; templates can be cleared. active:
    models in memory; topics are served, templates can be set. Templates survive deactivation.

    Raises:
        InputError: a parameter given at start that cannot be used.
        rclpy.exceptions.ParameterException: one of the wrong type or out of its range.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('matching', **arguments)
        self._guard = threading.Lock()
        self._bundle: Bundle | None = None
        self._service_thread: MatchingServices | None = None
        self._matcher: Matcher | None = None
        self._search: Search | None = None
        self._registration: Registration | None = None
        self._infrared: InfraredFrames | None = None
        self._hearing: list[VisibleFrames | Registration | Regions | InfraredFrames] = []
        self._own_parameters = NodeParameters(
            self,
            PARAMETERS,
            check_values,
            MatchingSettings.from_values,
            lambda: self.state,
            self._apply,
        )
        self.targets = Targets(self._faults, self._own_parameters.settings.max_templates)
        self._start_diagnostics(
            self.get_parameter('hardware_id').value,
            self.get_parameter('diagnostics_period').value,
        )

    def _configure(self) -> None:
        settings = self._own_parameters.settings
        self._bundle = Bundle.open(find_bundle(settings.bundle))
        self._outlets = Outlets(self, self._faults, self._diagnostics, _OUTLETS)
        self._service_thread = MatchingServices(self, self.targets, self._faults, self._guard)
        self._diagnostics.add(TEMPLATES, self.targets.describe)

    def _activate(self) -> None:
        assert self._bundle is not None and self._outlets is not None  # of _configure
        assert self._service_thread is not None
        settings = self._own_parameters.settings
        matcher = self._matcher = Matcher.load(
            self._bundle,
            settings.backends,
            threads=settings.threads,
            strict=settings.strict_backend,
            build=settings.build,
        )
        matcher.warm_up()
        report_fallbacks(matcher.fallbacks, self._faults)
        self._diagnostics.add(ENGINE, EngineReport(matcher.label, matcher.describe, self._faults))
        around = Surroundings(self, self._faults, self._diagnostics, settings)
        visible = VisibleFrames(around)
        self._registration = Registration(around)
        regions = Regions(around, self.targets, visible, self._guard)
        self._search = Search(
            matcher, self.targets, visible, self._registration, self._outlets, settings
        )
        self._infrared = InfraredFrames(around, self._search)
        with self._guard:
            self.targets.load(matcher)
            self._service_thread.visible = visible
        for hearing in (visible, self._registration, regions, self._infrared):
            self._hearing.append(hearing)
            hearing.open()
        self.get_logger().info(f'active: {matcher.label}; {len(self.targets)} templates')

    def _release_active(self) -> None:
        while self._hearing:
            self._hearing.pop().close()
        self._diagnostics.remove(ENGINE)
        self._faults.clear(ENGINE)
        # A service in work finishes first, with its models.
        with self._guard:
            if self._service_thread is not None:
                self._service_thread.visible = None
            self.targets.unload()
            matcher, self._matcher = self._matcher, None
        self._search = self._registration = self._infrared = None
        if matcher is not None:
            matcher.close()

    def _release_configured(self) -> None:
        self._withdraw()
        self._diagnostics.remove(TEMPLATES)
        self._faults.clear(TEMPLATES)
        self._bundle = None

    def _apply(self, settings: MatchingSettings) -> None:
        self.targets.most = settings.max_templates
        for part in (self._registration, self._search, self._infrared):
            if part is not None:
                part.apply(settings)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM. Returns the exit status."""
    return run(MatchingNode, 'matching node', args)


if __name__ == '__main__':
    sys.exit(main())
