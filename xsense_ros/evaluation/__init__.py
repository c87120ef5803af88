# SPDX-License-Identifier: Apache-2.0
"""How good the answers to a recording are, without any ROS installation: `xsense evaluate`."""
