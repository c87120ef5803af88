# SPDX-License-Identifier: Apache-2.0
"""Writes those parts of the documentation that the code already says: `make docs`."""
