# SPDX-License-Identifier: Apache-2.0
"""Heterologous matching: a template of one sensor found in the image of another."""
