# SPDX-License-Identifier: Apache-2.0
"""Data sets that install from package registries, as concepts with images, sounds and texts."""
