# SPDX-License-Identifier: Apache-2.0
"""Finding a template of one sensor in the frame of another: crops, boxes, and what they mean."""
