# SPDX-License-Identifier: Apache-2.0
"""From raw sensor data to model input; pure functions shared by the robot and the training."""
