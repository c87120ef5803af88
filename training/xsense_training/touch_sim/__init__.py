# SPDX-License-Identifier: Apache-2.0
"""A generator of objects that are seen, felt and heard from one description."""
