# SPDX-License-Identifier: Apache-2.0
"""The parts of the training loop, one idea a file; `xsense_training.trainer` is the door."""
