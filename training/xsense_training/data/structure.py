# SPDX-License-Identifier: Apache-2.0
"""How much there is in a picture to tell a place by."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_NOISE_SIGMA = 4.0  # pixels of blur before structure is measured


def structure(image: NDArray[np.float32]) -> float:
    """Lesser eigenvalue of the mean structure tensor, in squared grey levels a pixel.

    It is small on even ground and along a single edge, where a place cannot be told from the next
    one (Shi and Tomasi, "Good features to track", CVPR 1994).

    Args:
        image: grey, float32 (H, W).
    """
    smooth = cv2.GaussianBlur(image, (0, 0), _NOISE_SIGMA)
    down, across = np.gradient(smooth)
    both = float((down * across).mean())
    tensor = np.array([[float((across**2).mean()), both], [both, float((down**2).mean())]])
    return float(np.linalg.eigvalsh(tensor)[0])
