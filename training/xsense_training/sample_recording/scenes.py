# SPDX-License-Identifier: Apache-2.0
"""What the robot's camera sees: a thing in a room, on a table or outside, moving slowly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]
HEIGHT, WIDTH = 480, 640
_NOISE = 2.0  # standard deviation of the sensor, in grey levels


@dataclass(frozen=True)
class Pose:
    """Where a picture lies in the frame.

    Attributes:
        x: centre, in pixels from the left.
        y: centre, in pixels from the top.
        side: longer side, in pixels.
        angle: counter-clockwise, in degrees.
    """

    x: float
    y: float
    side: float
    angle: float


def film(rgba: Image | None, frames: int, rng: np.random.Generator) -> Iterator[Image]:
    """Frames of one scene.

    Args:
        rgba: cut-out picture (H, W, 4), colour not multiplied by alpha; None for an empty scene.
        frames: how many.
        rng: decides everything else.

    Yields:
        RGB uint8 (480, 640, 3).
    """
    background = _SETTINGS[rng.integers(len(_SETTINGS))](rng)
    light = _light(rng)
    blur = float(rng.uniform(0.5, 1.1))
    side = float(rng.uniform(0.52, 0.72)) * HEIGHT
    start = Pose(
        WIDTH * float(rng.uniform(0.42, 0.58)),
        HEIGHT * float(rng.uniform(0.46, 0.54)),
        side,
        float(rng.uniform(-9, 9)),
    )
    drift = rng.uniform(-1, 1, 2) * (70, 25)
    growth, turn = float(rng.uniform(-0.08, 0.15)), float(rng.uniform(-5, 5))
    for index in range(frames):
        done = index / max(1, frames - 1)
        pose = Pose(
            start.x + drift[0] * (done - 0.5),
            start.y + drift[1] * (done - 0.5),
            start.side * (1 + growth * done),
            start.angle + turn * done,
        )
        frame: Plane = _pan(background, -0.3 * float(drift[0]) * done)
        if rgba is not None:
            frame = _lay(frame, rgba, pose)
        seen = cv2.GaussianBlur(frame * light, (0, 0), blur)
        noisy = seen + rng.normal(0, _NOISE, seen.shape[:2]).astype(np.float32)[..., None]
        yield np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _pan(background: Plane, pixels: float) -> Plane:
    """The background as the camera turns; beyond its edge it goes on as in a mirror."""
    shift = np.array([[1, 0, pixels], [0, 1, 0]], np.float32)
    panned = cv2.warpAffine(background, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(panned, np.float32)


def _lay(frame: Plane, rgba: Image, pose: Pose) -> Plane:
    """The picture over the frame, with a soft shadow below it."""
    scale = pose.side / max(rgba.shape[:2])
    size = (max(1, round(rgba.shape[1] * scale)), max(1, round(rgba.shape[0] * scale)))
    alpha = rgba[..., 3:].astype(np.float32) / 255
    premultiplied = np.concatenate([rgba[..., :3] * alpha, alpha], axis=2).astype(np.float32)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(premultiplied, size, interpolation=method)
    turn = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), pose.angle, 1.0)
    turn[:, 2] += (pose.x - (size[0] - 1) / 2, pose.y - (size[1] - 1) / 2)
    layer = cv2.warpAffine(picture, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    opacity = np.clip(layer[..., 3:], 0, 1)
    shadow = cv2.GaussianBlur(np.roll(opacity[..., 0], (14, 10), axis=(0, 1)), (0, 0), 9)
    below = frame * (1 - 0.35 * shadow[..., None])
    return np.asarray(np.maximum(layer[..., :3], 0) + below * (1 - opacity), np.float32)


def _light(rng: np.random.Generator) -> Plane:
    """Factor by which the lamp lights each pixel and colour, (480, 640, 3)."""
    angle = float(rng.uniform(0, 2 * np.pi))
    y, x = np.mgrid[-0.5 : 0.5 : HEIGHT * 1j, -0.5 : 0.5 : WIDTH * 1j]
    slope = float(rng.uniform(0.1, 0.35)) * (x * np.cos(angle) + y * np.sin(angle))
    brightness = float(rng.uniform(0.82, 1.1))
    warmth = float(rng.uniform(-0.07, 0.07))
    colour = np.array([1 + warmth, 1.0, 1 - warmth])
    return np.asarray((brightness + slope)[..., None] * colour, np.float32)


def _smooth_noise(rng: np.random.Generator, cells: tuple[int, int]) -> Plane:
    """Random values -1 to 1, (480, 640), varying over so many cells down and across."""
    coarse = rng.uniform(-1, 1, cells).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))


def _colour(rng: np.random.Generator, low: float, high: float) -> Plane:
    """A muted colour whose brightness lies between the two, (3,)."""
    return np.asarray(rng.uniform(low, high) + rng.uniform(-22, 22, 3), np.float32)


def _room(rng: np.random.Generator) -> Plane:
    """Wall, skirting board, floor and a window or a picture on the wall."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.float32)
    frame[:] = _colour(rng, 150, 215)
    horizon = int(rng.integers(330, 400))
    frame[horizon:] = _colour(rng, 90, 140)
    frame[horizon:] += 10 * _smooth_noise(rng, (24, 4))[horizon:, :, None]
    frame[horizon - 12 : horizon] = _colour(rng, 200, 240)
    x, y = int(rng.integers(30, 420)), int(rng.integers(25, 70))
    width, height = int(rng.integers(120, 190)), int(rng.integers(110, 170))
    frame[y : y + height, x : x + width] = _colour(rng, 60, 110)
    pane = _colour(rng, 200, 245)
    frame[y + 8 : y + height - 8, x + 8 : x + width - 8] = pane
    frame[y + height // 2 - 3 : y + height // 2 + 3, x : x + width] = _colour(rng, 60, 110)
    return frame + 4 * _smooth_noise(rng, (6, 8))[..., None]


def _table(rng: np.random.Generator) -> Plane:
    """A wooden table from above: boards with grain."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.float32)
    frame[:] = np.array([165, 125, 85], np.float32) * float(rng.uniform(0.75, 1.25))
    frame += 14 * _smooth_noise(rng, (90, 5))[..., None]
    for line in range(int(rng.integers(40, 110)), HEIGHT, 110):
        frame[line : line + 3] *= 0.6
    return frame


def _outside(rng: np.random.Generator) -> Plane:
    """Sky, a row of bushes and a lawn."""
    frame = np.empty((HEIGHT, WIDTH, 3), np.float32)
    sky = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    top, bottom = np.array([120, 165, 225]), np.array([215, 228, 240])
    frame[:] = top * (1 - sky) + bottom * sky
    horizon = int(rng.integers(290, 360))
    bushes = horizon - 30 + 25 * _smooth_noise(rng, (2, 12))[0]
    rows = np.arange(HEIGHT)[:, None]
    green = np.array([70, 115, 60], np.float32) * float(rng.uniform(0.8, 1.2))
    frame[rows >= bushes[None, :]] = green
    frame[horizon:] = np.array([105, 150, 75], np.float32) * float(rng.uniform(0.8, 1.2))
    frame[horizon:] += 14 * _smooth_noise(rng, (60, 60))[horizon:, :, None]
    return frame


def _carpet(rng: np.random.Generator) -> Plane:
    """A rug with stripes of several widths."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    slant = float(rng.uniform(-0.4, 0.4))
    phase = 2 * np.pi * (y + slant * x) / float(rng.uniform(90, 150))
    pattern = np.clip(2 * np.sin(phase) + np.sin(2.5 * phase), -1, 1)[..., None]
    middle, contrast = _colour(rng, 110, 180), _colour(rng, -12, 12)
    weave = 8 * _smooth_noise(rng, (80, 100))[..., None]
    return np.asarray(middle + contrast * pattern + weave, np.float32)


_SETTINGS = (_room, _table, _outside, _carpet)
