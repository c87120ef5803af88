# SPDX-License-Identifier: Apache-2.0
"""CrossNet: what is seen, felt and heard of a thing in one space; `recipe.py` describes it."""
