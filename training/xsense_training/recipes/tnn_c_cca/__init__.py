# SPDX-License-Identifier: Apache-2.0
"""TNN-C-CCA: sounds and pictures of one class in one space; `recipe.py` describes it."""
