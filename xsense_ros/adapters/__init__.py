# SPDX-License-Identifier: Apache-2.0
"""Messages of every type that we understand, as the senses take them; no ROS is needed for it."""
