# SPDX-License-Identifier: Apache-2.0
"""The node `dashboard`: a page that shows what the robot senses and finds, and asks it."""

from __future__ import annotations

import os
import sys
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from xsense_ros.dashboard.app import make_app
from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.painter import Painter
from xsense_ros.dashboard.server import PageServer
from xsense_ros.nodes.dashboard.feeds import Feeds
from xsense_ros.nodes.dashboard.memory import Memory
from xsense_ros.nodes.dashboard.news import News
from xsense_ros.nodes.dashboard.parameters import PARAMETERS
from xsense_ros.nodes.dashboard.retrieval import Retrieval
from xsense_ros.nodes.dashboard.settings import DashboardSettings, check_values
from xsense_ros.nodes.diagnostics import DiagnosticsPublisher, Report
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.parameters import NodeParameters
from xsense_ros.nodes.process import run

PAGE = 'page'
# How late it is noticed that somebody looks, or that nobody does any more.
_FOLLOW_SECONDS = 0.1
_TELL_EVERY = 10  # of these
# On a busy machine what the robot does comes before what is shown of it.
_NICE = 5


class DashboardNode(Node):
    """Serves the page as long as it lives, whether other nodes are there or not.

    It is no managed node: it holds no models and, while nobody looks, does nothing.

    Raises:
        InputError: a parameter that cannot be used, or a port that is taken.
        rclpy.exceptions.ParameterException: a parameter of the wrong type or out of its range.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('dashboard', **arguments)
        self._faults = FaultRegistry(self._log)
        parameters = NodeParameters(
            self,
            PARAMETERS,
            check_values,
            DashboardSettings.from_values,
            lambda: 'running',
            lambda settings: None,
        )
        settings = parameters.settings
        feeds = self._feeds = Feeds(self, settings, self._faults)
        self.hub = Hub(feeds.tiles(), settings.max_browsers)
        self._memory = Memory()
        robot = self._robot = Retrieval(
            self, settings, feeds.told(), self._memory, self._see_version
        )
        self.news = News(
            self, settings, self.hub, feeds, self._memory, robot.numbers, self._faults,
            self._see_version,
        )  # fmt: skip
        self.painter = Painter(
            self.hub, self._tile_failed, settings.tile_max_rate, settings.tile_quality
        )
        feeds.show_on(self.painter)
        app = make_app(
            robot,
            self.hub,
            limits=settings.limits,
            host=settings.host,
            names=settings.allowed_hosts,
            token=settings.token,
        )
        self.server = PageServer(app, settings.host, settings.port)
        self._diagnostics = DiagnosticsPublisher(
            self,
            self._faults,
            self.get_parameter('hardware_id').value,
            self.get_parameter('diagnostics_period').value,
        )
        self._diagnostics.add(PAGE, self._describe)
        self._turns = 0
        # Steady: with simulated time that stands still the page must go on.
        self._timer = self.create_timer(
            _FOLLOW_SECONDS, self._follow, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self.painter.start()
        self.server.start()
        self.get_logger().info(f'the live page is at {self.server.url}')

    def close(self) -> None:
        """Say goodbye to the pages and destroy the node; for the end of the process."""
        self.server.close()
        self.painter.stop()
        self._diagnostics.close()
        self.destroy_node()

    def _follow(self) -> None:
        """Hear what somebody looks at; in the executor's thread, where subscriptions are made."""
        looked_at = self.hub.browsers > 0
        self._feeds.follow(self.hub.watched(), looked_at)
        self.news.follow(looked_at)
        self.news.flush()
        self._turns = (self._turns + 1) % _TELL_EVERY if looked_at else 0
        if looked_at and self._turns == 1:
            self.news.tell()

    def _see_version(self, version: int) -> None:
        if self._memory.see(version):
            self.hub.tell({'type': 'gallery', 'version': version}, 'gallery', late=True)
            self._robot.learn_soon()

    def _tile_failed(self, tile: str, error: Exception) -> None:
        self._faults.report_error(PAGE, error)

    def _describe(self) -> Report:
        encoded = sum(self.painter.encoded.values())
        browsers = self.hub.browsers
        figures = {
            'address': self.server.url,
            'browsers': browsers,
            'tiles encoded': encoded,
            'dropped for slow browsers': self.hub.dropped,
        }
        return f'{browsers} browsers at {self.server.url}', figures

    def _log(self, level: Level, message: str) -> None:
        # Separate lines: rclpy ties the severity of a log line to the place it comes from.
        if level == Level.ERROR:
            self.get_logger().error(message)
        else:
            self.get_logger().warning(message)


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM. Returns the exit status."""
    os.nice(_NICE)
    return run(DashboardNode, 'dashboard', args)


if __name__ == '__main__':
    sys.exit(main())
