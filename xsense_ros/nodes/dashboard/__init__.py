# SPDX-License-Identifier: Apache-2.0
"""The parts of the dashboard's node: what it hears, what it tells, and whom it asks."""
