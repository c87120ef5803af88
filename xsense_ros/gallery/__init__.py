# SPDX-License-Identifier: Apache-2.0
"""What the robot remembers: a crash-safe record and an exact search over it."""
