# SPDX-License-Identifier: Apache-2.0
"""Losses on unit vectors, one a file.

They are pure functions of their inputs: rows gathered from several processes are just more rows.
Those of two modalities take x (B, D), y (M, D), labels_x (B,) and labels_y (M,); where labels_y is
left out, row i of y is the partner of row i of x (B = M). Rows with equal labels are the same
thing and never negatives of each other.
"""
