# SPDX-License-Identifier: Apache-2.0
"""See, Hear, and Read: pictures, sounds and words in one space; `recipe.py` describes it."""
