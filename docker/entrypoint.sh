#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The environment of ROS and of this workspace, then whatever was asked for.
set -e
. /opt/ros/jazzy/setup.bash
. /ws/install/setup.bash
exec "$@"
