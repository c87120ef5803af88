# SPDX-License-Identifier: Apache-2.0
"""The live page's server, without ROS: what browsers see, may ask and may not do."""
