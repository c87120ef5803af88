# SPDX-License-Identifier: Apache-2.0
"""Units that several rooms count in."""

NS = 1_000_000_000  # nanoseconds of a second
