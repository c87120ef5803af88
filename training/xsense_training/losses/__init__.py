# SPDX-License-Identifier: Apache-2.0
"""Losses on unit vectors, one a file."""
