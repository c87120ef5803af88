# SPDX-License-Identifier: Apache-2.0
"""Training of the towers that xsense_ros runs: data, models, losses, evaluation, export."""
