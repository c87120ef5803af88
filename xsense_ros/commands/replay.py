# SPDX-License-Identifier: Apache-2.0
"""`xsense replay`: publish a recording; it lives among the nodes, being one."""

from xsense_ros.nodes.replay_node import replay as command

__all__ = ['command']
