# SPDX-License-Identifier: Apache-2.0
"""The demo: a recorded robot on the real nodes, and how well it did."""
