# SPDX-License-Identifier: Apache-2.0
"""What a tablet or a camera over a sheet sends: line art as somebody's hand has left it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]
HEIGHT, WIDTH = 360, 480


def on_paper(drawing: Image, rng: np.random.Generator, board: bool = False) -> Image:
    """Line art with an unsteady hand, another pen, on a sheet in uneven light.

    Args:
        drawing: RGBA uint8 (H, W, 4), opaque where there is ink.
        rng: decides everything.
        board: chalk on a board instead of pencil on paper.

    Returns:
        RGB uint8 (360, 480, 3).
    """
    ink = _drawn_by_hand(np.asarray(drawing[..., 3] / 255, np.float32), rng)
    pressure = 0.8 + 0.2 * _smooth(rng, (6, 8), HEIGHT, WIDTH)
    sheet, mark = (58.0, 205.0) if board else (rng.uniform(200, 240), rng.uniform(25, 95))
    page = sheet + (mark - sheet) * np.clip(ink * pressure, 0, 1)
    angle = float(rng.uniform(0, 2 * np.pi))
    y, x = np.mgrid[-0.5 : 0.5 : HEIGHT * 1j, -0.5 : 0.5 : WIDTH * 1j]
    light = 1 + float(rng.uniform(0.1, 0.35)) * (x * np.cos(angle) + y * np.sin(angle))
    page = page * light + 2.5 * _smooth(rng, (60, 80), HEIGHT, WIDTH)
    page = cv2.GaussianBlur(page, (0, 0), float(rng.uniform(0.5, 0.9)))
    page += rng.normal(0, 1.5, page.shape)
    tint = np.array([1.0, 1.0, float(rng.uniform(0.93, 1.0))])
    return np.asarray(np.clip(np.rint(page[..., None] * tint), 0, 255).astype(np.uint8))


def _drawn_by_hand(ink: Plane, rng: np.random.Generator) -> Plane:
    """The drawing somewhere on the sheet, turned, wobbling, in another width of pen."""
    side = float(rng.uniform(0.68, 0.88)) * HEIGHT
    scale = side / max(ink.shape)
    turn = cv2.getRotationMatrix2D(
        (ink.shape[1] / 2, ink.shape[0] / 2), float(rng.uniform(-8, 8)), scale
    )
    turn[0, 1] += float(rng.uniform(-0.06, 0.06))  # slanting
    turn[:, 2] += (
        WIDTH * float(rng.uniform(0.42, 0.58)) - ink.shape[1] / 2,
        HEIGHT * float(rng.uniform(0.48, 0.52)) - ink.shape[0] / 2,
    )
    layer = cv2.warpAffine(ink, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    amplitude = float(rng.uniform(1.5, 3.5))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    layer = cv2.remap(
        layer,
        x + amplitude * _smooth(rng, (9, 12), HEIGHT, WIDTH),
        y + amplitude * _smooth(rng, (9, 12), HEIGHT, WIDTH),
        cv2.INTER_LINEAR,
    )
    # Blurred ink, cut at another level, is a thinner or a thicker pen.
    soft = cv2.GaussianBlur(layer, (0, 0), 2.0)
    level = float(rng.uniform(0.25, 0.6))
    return np.asarray(np.clip((soft - level) / 0.12 + 0.5, 0, 1), np.float32)


def _smooth(rng: np.random.Generator, cells: tuple[int, int], height: int, width: int) -> Plane:
    """Random values -1 to 1, (height, width), varying over so many cells down and across."""
    coarse = rng.uniform(-1, 1, cells).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
