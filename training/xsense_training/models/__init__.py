# SPDX-License-Identifier: Apache-2.0
"""Network parts that recipes are assembled from: trunks, towers and heads."""
