# SPDX-License-Identifier: Apache-2.0
"""What the ROS-free rooms log, in the log of the node."""

from __future__ import annotations

import logging

from rclpy.node import Node


class LogRelay(logging.Handler):
    """Passes lines of Python's logging on to a node's log, from INFO up."""

    def __init__(self, node: Node) -> None:
        super().__init__(logging.INFO)
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """Log one line; each level from a place of its own, for rclpy ties them together."""
        line = record.getMessage()
        if record.levelno >= logging.ERROR:
            self._logger.error(line)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(line)
        else:
            self._logger.info(line)


def relay_logs(node: Node) -> None:
    """Whatever xsense_ros logs in this process from now on is the node's."""
    logger = logging.getLogger('xsense_ros')
    logger.setLevel(logging.INFO)
    logger.addHandler(LogRelay(node))
