# SPDX-License-Identifier: Apache-2.0
"""A gel lit from three sides, drawn from a formula, and the pressing of a ball into it."""

from __future__ import annotations

import numpy as np

SCALE = 0.059  # mm per pixel at 240 x 320, as of the profile gelsight
BALL = (150.0, 110.0, 20.0)  # x, y and radius of an imprint in pixels


def rest(rows=240, columns=320, tint=(0, 0, 0), noise=0.0, seed=0):
    """uint8 (rows, columns, 3): each LED colour is strongest at its side."""
    y, x = np.mgrid[:rows, :columns] / (rows - 1)
    light = np.stack([90 + 40 * x, 100 + 40 * y, 130 - 30 * x], axis=2) + np.asarray(tint)
    light = light + np.random.default_rng(seed).normal(0, noise, light.shape) if noise else light
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def pressed(gel, x=BALL[0], y=BALL[1], radius=BALL[2], strength=60.0):
    """The same with a ball pressed in: each colour brightens on the slope that faces its LED."""
    rows, columns = np.mgrid[: gel.shape[0], : gel.shape[1]]
    across, down = (columns - x) / radius, (rows - y) / radius
    inside = np.hypot(across, down) <= 1
    change = np.stack([across, down, -across - down], axis=2) * inside[..., None] * strength
    return np.clip(np.rint(gel + change), 0, 255).astype(np.uint8)
