# SPDX-License-Identifier: Apache-2.0
"""Real pairs made more varied: one stretch of land as several kinds of land beside each other.

The land to train on is a desert of one kind. Elsewhere water lies beside salt and fields beside
rock: large steps between areas, in each of which a sensor sees little. A matcher that never met
such steps looks at them alone. Here a pair is divided into areas of drawn outlines, and in each of
them every sensor gets its own offset and its own contrast; the texture in them stays real.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.data.registered_pair import Pixels, RegisteredPair

KINDS_OF_LAND = 4
_CELLS = (180.0, 60.0)  # pixels between the drawn values of the outlines, coarse and fine
_STEP = 45.0  # standard deviation of the offsets, in grey levels
_CONTRAST = (0.5, 2.0)
_SLOW = 129  # pixels; what changes more slowly is replaced


def patchwork(pair: RegisteredPair, rng: np.random.Generator) -> RegisteredPair:
    """The same places with other levels; the same for the same state of the generator."""
    kinds = _areas(pair.infrared.shape[:2], rng)
    colours = rng.normal(0, _STEP, (KINDS_OF_LAND, 1)) + rng.normal(0, 15, (KINDS_OF_LAND, 3))
    warmth = rng.normal(0, rng.uniform(0.2, 1) * _STEP, (KINDS_OF_LAND, 1))
    visible = _relit(pair.visible, kinds, colours, rng)
    infrared = _relit(pair.infrared[..., None], kinds, warmth, rng)[..., 0]
    return RegisteredPair(f'{pair.name}, patchwork', visible, np.ascontiguousarray(infrared))


def _areas(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """(H, W) number of the kind of land, each of the same share."""
    field = np.zeros(shape, np.float32)
    for share, cell in zip((1.0, 0.4), _CELLS, strict=True):
        rows, columns = (max(round(side / cell), 2) for side in shape)
        coarse = rng.standard_normal((rows, columns)).astype(np.float32)
        field += share * cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    borders = np.quantile(field, np.arange(1, KINDS_OF_LAND) / KINDS_OF_LAND)
    return np.asarray(rng.permutation(KINDS_OF_LAND)[np.digitize(field, borders)], np.int64)


def _relit(
    image: Pixels, kinds: NDArray[np.int64], offsets: NDArray[np.float64], rng: np.random.Generator
) -> Pixels:
    """(H, W, C) with each kind's contrast and offset (kinds, C), borders as soft as a lens."""
    low, high = np.log(_CONTRAST)
    contrast = np.exp(rng.uniform(low, high, KINDS_OF_LAND)).astype(np.float32)
    # Kept between black and white on the whole.
    added = np.clip(rng.uniform(80, 170) + offsets, 25, 230).astype(np.float32)
    gain, level = (np.asarray(cv2.GaussianBlur(x[kinds], (0, 0), 0.8)) for x in (contrast, added))
    slow = cv2.blur(image, (_SLOW, _SLOW)).reshape(image.shape).astype(np.float32)
    found = level.reshape(image.shape) + gain[..., None] * (image - slow)
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)
