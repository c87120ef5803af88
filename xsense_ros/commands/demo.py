# SPDX-License-Identifier: Apache-2.0
"""`xsense demo`: the nodes over DDS, fed by a recording; it lives among the nodes."""

from xsense_ros.nodes.demo.run import demo as command

__all__ = ['command']
