# SPDX-License-Identifier: Apache-2.0
"""Fields of temperature made from a visible image: which edges stay, vanish and come anew.

Drawn for every image, in units of the usual difference between two regions:

- A handful of temperatures is shared by all regions, so that neighbours often have the same one
  and the visible edge between them is gone; a thing may be of one temperature throughout.
- Every region has its own share of the visible shading, of either sign, often none; fine texture
  is lost before anything else (heat spreads, and paint has no temperature).
- What has no visible counterpart: hot and cold spots, outlines of what stood elsewhere before (a
  shadow that stays), warm lines (pipes, cables), patches (damp, insulation), mirror images of
  other parts, and slow gradients.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.data.registered_pair import Pixels

Floats = NDArray[np.float32]
_SHARED = (2, 6)  # temperatures of an image, from and below
_COLOURS = (3, 10)  # regions of like colour, from and below
_LEVELS = 16  # a channel, in the table of colours


def heat(
    visible: Pixels, rng: np.random.Generator, things: NDArray[np.integer] | None = None
) -> Floats:
    """Temperatures float32 (H, W), before any camera.

    Args:
        visible: RGB uint8 (H, W, 3).
        rng: the same state gives the same field.
        things: (H, W) number of the thing at each pixel, 0 for the ground; None: one ground.
    """
    return np.asarray(
        surface_heat(visible, rng, things) + unseen_heat(visible.shape[:2], rng, things),
        np.float32,
    )


def surface_heat(
    visible: Pixels, rng: np.random.Generator, things: NDArray[np.integer] | None
) -> Floats:
    """The part that belongs to what is seen: regions and their shading, float32 (H, W)."""
    count = int(rng.integers(*_COLOURS))
    codes = _codes(visible)
    nearness = _nearness(visible, rng, count, rng.uniform(6, 20))
    owners = 1 if things is None else int(things.max()) + 1
    temperatures = rng.normal(0, 1, int(rng.integers(*_SHARED)))
    likely = rng.dirichlet(np.full(len(temperatures), 1.5))
    warmth = rng.choice(temperatures, (count, owners), p=likely)
    # Things and ground that are of one temperature throughout keep their outline alone.
    whole = rng.random(owners) < 0.4 * (np.arange(owners) > 0)
    warmth[:, whole] = warmth[:1, whole]
    warmth += rng.uniform(0, 0.2) * rng.standard_normal(warmth.shape)
    shading = rng.normal(0, 0.3) + 0.4 * rng.standard_normal(owners)
    shading *= rng.random(owners) < 0.8
    bright = cv2.GaussianBlur(brightness(visible), (0, 0), rng.uniform(0.3, 2.0))
    of = np.zeros_like(codes) if things is None else things
    field = (nearness @ warmth.astype(np.float32))[codes, of]
    field += shading.astype(np.float32)[of] * bright
    return np.asarray(cv2.GaussianBlur(field, (0, 0), rng.uniform(0.4, 1.2)), np.float32)


def unseen_heat(
    shape: tuple[int, ...], rng: np.random.Generator, things: NDArray[np.integer] | None
) -> Floats:
    """The part that no visible light shows, float32 (H, W)."""
    field = rng.uniform(0, 0.5) * clouds(shape, rng)
    down, across = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    tilt = rng.normal(0, 0.3, 2).astype(np.float32)
    field += tilt[0] * down[:, None] + tilt[1] * across
    soft = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(0, 5))):
        _spot(soft, rng)
    for _ in range(int(rng.integers(0, 3))):
        _line(soft, rng)
    if rng.random() < 0.4:
        soft += np.float32(rng.normal(0, 0.6)) * (clouds(shape, rng, 6) > rng.uniform(0.5, 1.5))
    if things is not None and things.max() > 0 and rng.random() < 0.5:
        soft += _ghost(things, rng)
    field += cv2.GaussianBlur(soft, (0, 0), rng.uniform(0.7, 3.0))
    if rng.random() < 0.2:
        field += np.float32(rng.uniform(0.1, 0.4)) * field[:, ::-1]
    return np.asarray(field, np.float32)


def brightness(visible: Pixels) -> Floats:
    """Grey values, mean 0 and standard deviation about 1."""
    grey = cv2.cvtColor(visible, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray((grey - grey.mean()) / (grey.std() + 1), np.float32)


def colour_regions(visible: Pixels, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """(H, W) number of the nearest of `count` colours of the image itself."""
    nearest = _nearness(visible, rng, count, 8.0).argmax(axis=1)
    return np.asarray(nearest[_codes(visible)], np.int64)


def clouds(shape: tuple[int, ...], rng: np.random.Generator, cells: int = 4) -> Floats:
    """Slow changes over the image, standard deviation about 1."""
    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def _codes(visible: Pixels) -> NDArray[np.int64]:
    """(H, W) number of each pixel's colour, of _LEVELS a channel, without its finest texture."""
    levels = (cv2.medianBlur(visible, 5) // (256 // _LEVELS)).astype(np.int64)
    return np.asarray((levels[..., 0] * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2])


def _nearness(visible: Pixels, rng: np.random.Generator, count: int, width: float) -> Floats:
    """(_LEVELS^3, count) shares, sum 1: how near a colour is to each of some of the image.

    Shares rather than the nearest one: what light hardly tells apart differs little in heat, and
    slow changes have no sharp contours. `width`, in grey levels, is how soft the choice is.
    """
    flat = visible.reshape(-1, 3)
    chosen = flat[rng.integers(0, len(flat), count)].astype(np.float32)
    steps = (np.arange(_LEVELS, dtype=np.float32) + 0.5) * (256 // _LEVELS)
    # Squared distances of a grid of colours are sums over the channels.
    red, green, blue = ((steps[:, None] - chosen[:, i]) ** 2 for i in range(3))
    away = red[:, None, None] + green[None, :, None] + blue[None, None]
    away = np.sqrt(away).reshape(-1, count)
    shares = np.exp((away.min(axis=1, keepdims=True) - away) / np.float32(width))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def _spot(field: Floats, rng: np.random.Generator) -> None:
    """Adds a disc or an ellipse, hot or cold."""
    rows, columns = field.shape
    middle = (int(rng.integers(columns)), int(rng.integers(rows)))
    axes = tuple(int(v) for v in np.exp(rng.uniform(np.log(2), np.log(max(rows / 12, 3)), 2)))
    turn = float(rng.uniform(0, 180))
    drawn = np.zeros(field.shape, np.uint8)
    cv2.ellipse(drawn, middle, axes, turn, 0, 360, 1, -1)
    field += np.float32(rng.normal(0, 1.0)) * drawn


def _line(field: Floats, rng: np.random.Generator) -> None:
    """Adds a bent warm or cold line."""
    rows, columns = field.shape
    points = rng.integers(0, (columns, rows), (int(rng.integers(2, 5)), 2)).astype(np.int32)
    drawn = np.zeros(field.shape, np.uint8)
    cv2.polylines(drawn, [points], False, 1, int(rng.integers(1, 6)))
    field += np.float32(rng.normal(0, 0.6)) * drawn


def _ghost(things: NDArray[np.integer], rng: np.random.Generator) -> Floats:
    """The outline of one thing where the thing is not."""
    number = int(rng.integers(1, int(things.max()) + 1))
    shift = rng.integers(8, 50, 2) * rng.choice((-1, 1), 2)
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float64)
    mask = (things == number).astype(np.float32)
    moved = cv2.warpAffine(mask, matrix, things.shape[::-1])
    return np.asarray(np.float32(rng.normal(0, 0.7)) * moved * (1 - mask), np.float32)
