# SPDX-License-Identifier: Apache-2.0
"""The parts of the node `matching`: what it hears, searches, and answers."""
