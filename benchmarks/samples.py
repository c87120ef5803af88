# SPDX-License-Identifier: Apache-2.0
"""One sample of every modality, as it reaches the preprocessing of a tower."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.drawing import drawing_to_raster
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.press import Press

HEIGHT, WIDTH = 480, 640
_SOUND_RATE = 16_000


def noise_frame(seed: int) -> NDArray[np.uint8]:
    """A picture with structure at every scale, uint8 (480, 640, 3)."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, axis=0).repeat(16, axis=1))


def infrared_frame(seed: int) -> NDArray[np.uint16]:
    """Raw counts (480, 640) of a scene with the edges of ``noise_frame(3)``, with sensor noise."""
    grey = cv2.cvtColor(noise_frame(3), cv2.COLOR_BGR2GRAY)
    warm = 7500 - 2.0 * cv2.GaussianBlur(grey, (0, 0), 1.5)
    counts = warm + np.random.default_rng(seed).normal(0, 3, warm.shape)
    return np.asarray(counts, np.uint16)


def gel(height: int, width: int, contact: bool, seed: int = 0) -> NDArray[np.uint8]:
    """A softly lit gel, with or without a ball pressed into it, uint8 (H, W, 3)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    frame = np.stack([110 + 20 * x, 120 + 15 * y, 100 - 18 * x], axis=-1)
    if contact:
        inside = (x * 4 / 3) ** 2 + y**2 < 0.2
        frame[inside] += np.stack([90 * x, 70 * y, -60 * x], axis=-1)[inside] + 20
    frame += np.random.default_rng(seed).normal(0, 1.0, frame.shape)
    return np.asarray(np.clip(np.rint(frame), 0, 255), np.uint8)


def sample(modality: str, size: int = 0) -> Any:
    """A sample of a modality.

    Args:
        modality: 'image', 'sketch', 'sound', 'impact', 'text', 'touch', 'template' or 'search'.
        size: pixels along each axis of the crops 'template' and 'search'.
    """
    if modality == 'image':
        return noise_frame(3)
    if modality == 'sketch':
        strokes = [[(40, 60), (200, 60), (200, 180), (40, 180), (40, 60)], [(60, 80), (180, 160)]]
        return drawing_to_raster(strokes)
    if modality in ('sound', 'impact'):
        seconds = np.arange(2 * _SOUND_RATE) / _SOUND_RATE
        tone = 0.3 * np.sin(2 * np.pi * 440 * seconds) * np.exp(-2 * seconds)
        hiss = np.random.default_rng(0).normal(0, 0.02, tone.shape)
        return Waveform((tone + hiss).astype(np.float32), _SOUND_RATE)
    if modality == 'text':
        return 'a red mug with a handle'
    if modality == 'touch':
        change = gel(HEIGHT // 2, WIDTH // 2, True).astype(int) - gel(
            HEIGHT // 2, WIDTH // 2, False
        )
        return Press(np.clip(128 + change, 0, 255).astype(np.uint8), 0.05)
    if modality == 'template':
        return np.ascontiguousarray(noise_frame(3)[:size, :size])
    if modality == 'search':
        return np.ascontiguousarray(infrared_frame(0)[:size, :size])
    raise ValueError(f'no sample of {modality!r}')
