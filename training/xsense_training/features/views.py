# SPDX-License-Identifier: Apache-2.0
"""Views of a cut-out picture as a robot's camera might have it: RGBA in, RGB frame out.

A robot sees a thing in a scene, so the picture is turned, scaled, shifted and laid on a random
background, and the frame is lit, blurred and made noisy. Everything follows from the generator.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
VERSION = 1  # part of the cache key: raise it when any line below changes what a view looks like
PLAIN_SIDE = 256
FRAMES = ((240, 240), (240, 320), (216, 384))  # height, width: square, 4:3 and 16:9
PLAIN_BACKGROUND = (255, 255, 255)


def plain_view(rgba: Image, colour: tuple[int, int, int] = PLAIN_BACKGROUND) -> Image:
    """The picture centred on a plain square with a margin of 4 %. (H, W, 4) -> (256, 256, 3)."""
    frame = np.empty((PLAIN_SIDE, PLAIN_SIDE, 3), np.uint8)
    frame[:] = colour
    return _paste(frame, rgba, share=0.92, angle=0.0, shift=(0.0, 0.0), flip=False)


def scene_view(rgba: Image, rng: np.random.Generator) -> Image:
    """The picture somewhere in a random scene, as a camera frame. (H, W, 4) -> (H', W', 3)."""
    height, width = FRAMES[rng.integers(len(FRAMES))]
    frame = background(height, width, rng)
    share = float(rng.uniform(0.55, 1.0))
    room = 0.5 * (1.15 - share)
    frame = _paste(
        frame,
        rgba,
        share=share,
        angle=float(rng.normal(0, 8)),
        shift=(float(rng.uniform(-room, room)), float(rng.uniform(-room, room))),
        flip=bool(rng.random() < 0.5),
    )
    return camera(frame, rng)


def _paste(
    frame: Image,
    rgba: Image,
    *,
    share: float,
    angle: float,
    shift: tuple[float, float],
    flip: bool,
) -> Image:
    """Lay the picture on the frame; `share` of the short side, `shift` in short sides."""
    height, width = frame.shape[:2]
    short = min(height, width)
    scale = share * short / max(rgba.shape[:2])
    if scale < 0.5:  # a warp samples without antialiasing, so most of the shrinking comes first
        size = (max(1, round(rgba.shape[1] * scale)), max(1, round(rgba.shape[0] * scale)))
        alpha = rgba[..., 3:].astype(np.float32) / 255
        premultiplied = np.concatenate([rgba[..., :3] * alpha, rgba[..., 3:]], axis=2)
        picture = cv2.resize(premultiplied.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        scale = 1.0
    else:
        alpha = rgba[..., 3:].astype(np.float32) / 255
        picture = np.concatenate([rgba[..., :3] * alpha, rgba[..., 3:]], axis=2).astype(np.float32)
    if flip:
        picture = picture[:, ::-1]
    centre = (picture.shape[1] / 2 - 0.5, picture.shape[0] / 2 - 0.5)
    matrix = cv2.getRotationMatrix2D(centre, angle, scale)
    matrix[0, 2] += width / 2 - 0.5 + shift[0] * short - centre[0]
    matrix[1, 2] += height / 2 - 0.5 + shift[1] * short - centre[1]
    warped = cv2.warpAffine(
        np.ascontiguousarray(picture), matrix, (width, height), flags=cv2.INTER_LINEAR
    )
    opacity = warped[..., 3:] / 255
    blended = warped[..., :3] + frame * (1 - opacity)
    return np.asarray(np.clip(blended + 0.5, 0, 255), dtype=np.uint8)


def background(height: int, width: int, rng: np.random.Generator) -> Image:
    """Plain, a gradient, or blurred coloured noise."""
    kind = rng.integers(3)
    if kind == 0:
        colour = rng.integers(0, 256, 3) if rng.random() < 0.6 else np.full(3, 255)
        return np.broadcast_to(colour, (height, width, 3)).astype(np.uint8)
    cells = 2 if kind == 1 else int(rng.integers(3, 12))
    coarse = rng.uniform(0, 255, (cells, cells, 3))
    grey = coarse.mean(axis=2, keepdims=True)
    coarse = (grey + rng.uniform(0.1, 0.7) * (coarse - grey)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth.clip(0, 255), dtype=np.uint8)


def camera(frame: Image, rng: np.random.Generator) -> Image:
    """Exposure, white balance, blur and sensor noise."""
    x: NDArray[Any] = frame.astype(np.float32)
    x = (x - 128) * rng.uniform(0.7, 1.2) + 128 + rng.uniform(-25, 25)
    x *= rng.uniform(0.9, 1.1, 3).astype(np.float32)
    if rng.random() < 0.5:
        x = cv2.GaussianBlur(x, (0, 0), float(rng.uniform(0.3, 1.5)))
    x += rng.normal(0, rng.uniform(0, 8), x.shape).astype(np.float32)
    return np.asarray(np.clip(x + 0.5, 0, 255), dtype=np.uint8)
