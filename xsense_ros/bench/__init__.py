# SPDX-License-Identifier: Apache-2.0
"""Measurements of machines: how they are written down, and how two of them are compared."""
