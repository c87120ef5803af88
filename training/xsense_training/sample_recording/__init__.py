# SPDX-License-Identifier: Apache-2.0
"""The sample recording: a robot at home among things that no model was trained on."""
