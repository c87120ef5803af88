# SPDX-License-Identifier: Apache-2.0
"""What `make bench` runs: our own cost, as ratios against something bare in the same run."""
