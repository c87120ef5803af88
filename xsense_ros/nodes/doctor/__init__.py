# SPDX-License-Identifier: Apache-2.0
"""The eyes of `xsense doctor`: what it looks at in a running ROS graph."""
