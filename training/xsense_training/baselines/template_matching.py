# SPDX-License-Identifier: Apache-2.0
"""Finding a template without learning: what people use between sensors, and what knows nothing.

Every method gets a grey template (T, T) and a grey search image (S, S) at the same scale, float32,
and gives the middle of the best place with a score of its own scale (higher is surer). The box it
stands for has the template's size: none of them estimates a size or an angle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

Grey = NDArray[np.float32]
BINS = 12  # grey levels of mutual information
ORIENTATIONS = 9
_RATIO = 0.85  # of the best to the second best descriptor distance
_WITHIN = 5.0  # pixels: key points that agree on a place
_UPSCALED = 3  # key points are sought in enlarged images; 64 pixels hold almost none


@dataclass(frozen=True)
class Place:
    """Middle x, y of the template in pixels of the search image; score: higher is surer."""

    x: float
    y: float
    score: float


Method = Callable[[Grey, Grey], Place]


def centre_prior(template: Grey, search: Grey) -> Place:
    """The middle of the search image, without a look at it."""
    return Place(search.shape[1] / 2, search.shape[0] / 2, 0.0)


def ncc(template: Grey, search: Grey) -> Place:
    """Normalised cross-correlation of the grey values."""
    return _peak(_correlate(template, search), template)


def absolute_ncc(template: Grey, search: Grey) -> Place:
    """The largest correlation of either sign: contrast may be inverted, as a whole."""
    return _peak(np.abs(_correlate(template, search)), template)


def ncc_of_log_gradient(template: Grey, search: Grey) -> Place:
    """Normalised cross-correlation of log(1 + |gradient|): edges without their sign."""
    return _peak(_correlate(_log_gradient(template), _log_gradient(search)), template)


def oriented_gradients(template: Grey, search: Grey) -> Place:
    """Correlation of dense channels of gradient orientation, sign ignored.

    After Ye et al., "Fast and robust matching for multimodal remote sensing image registration"
    (IEEE TGRS 2019): one channel an orientation, blurred, normalised at each pixel, compared over
    all channels at once.
    """
    first, second = _channels(template), _channels(search)
    total = sum(
        cv2.matchTemplate(np.ascontiguousarray(b), np.ascontiguousarray(a), cv2.TM_CCORR)
        for a, b in zip(first, second, strict=True)
    )
    # Channels are unit vectors at each pixel, so the sum is the mean cosine.
    return _peak(np.asarray(total) / template.size, template)


def mutual_information(template: Grey, search: Grey) -> Place:
    """Mutual information of the grey levels of template and window, at every place.

    The joint histogram of all places at once: the count of (a, b) is the correlation of "the
    template is a here" with "the search image is b there".
    """
    height, width = template.shape
    levels = [_levels(x) for x in (template, search)]
    shape = tuple(fft.next_fast_len(n, real=True) for n in search.shape)
    of_template, of_search = (
        fft.rfft2((level == np.arange(BINS)[:, None, None]).astype(np.float32), shape)
        for level in levels
    )
    rows, columns = (s - t + 1 for s, t in zip(search.shape, template.shape, strict=True))
    size = height * width
    joint_entropy = np.zeros((rows, columns))
    window = np.zeros((BINS, rows, columns))
    for a in range(BINS):
        counts = fft.irfft2(of_search * np.conj(of_template[a]), shape)[:, :rows, :columns]
        window += counts
        joint_entropy -= _entropy_terms(counts / size).sum(axis=0)
    # Template's entropy is the same everywhere and changes nothing but the score's zero.
    share = np.bincount(levels[0].ravel(), minlength=BINS) / size
    information = -_entropy_terms(share).sum() - _entropy_terms(window / size).sum(axis=0)
    return _peak(information - joint_entropy, template)


def phase_correlation(template: Grey, search: Grey) -> Place:
    """Peak of the cross-power spectrum, whitened, of the windowed gradients."""
    return _phase(_log_gradient(template), _log_gradient(search))


def orb(template: Grey, search: Grey) -> Place:
    """ORB key points that agree on a place; the middle where there are none."""
    return _key_points(cv2.ORB.create(500, fastThreshold=5), cv2.NORM_HAMMING, template, search)


def sift(template: Grey, search: Grey) -> Place:
    """SIFT key points that agree on a place; the middle where there are none."""
    return _key_points(cv2.SIFT.create(500, contrastThreshold=0.01), cv2.NORM_L2, template, search)


METHODS: dict[str, Method] = {
    'centre prior': centre_prior,
    'NCC': ncc,
    '|NCC|': absolute_ncc,
    'NCC of log-gradient': ncc_of_log_gradient,
    'oriented gradients': oriented_gradients,
    'mutual information': mutual_information,
    'phase correlation': phase_correlation,
    'ORB': orb,
    'SIFT': sift,
}


def _correlate(template: Grey, search: Grey) -> Grey:
    found = cv2.matchTemplate(search, template, cv2.TM_CCOEFF_NORMED)
    # Windows without contrast have no correlation.
    return np.asarray(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0), np.float32)


def _peak(response: NDArray[np.floating], template: Grey) -> Place:
    """The best corner, as the middle of a template there."""
    row, column = np.unravel_index(int(np.argmax(response)), response.shape)
    height, width = template.shape
    return Place(column + width / 2, row + height / 2, float(response[row, column]))


def _gradient(image: Grey) -> tuple[Grey, Grey]:
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1)))
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _log_gradient(image: Grey) -> Grey:
    x, y = _gradient(image)
    return np.log1p(np.hypot(x, y)).astype(np.float32)


def _channels(image: Grey) -> Grey:
    """(H, W) -> (ORIENTATIONS, H, W), unit length at each pixel."""
    x, y = _gradient(image)
    angles = np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS
    found = np.stack(
        [cv2.GaussianBlur(np.abs(np.cos(a) * x + np.sin(a) * y), (0, 0), 2.0) for a in angles]
    )
    return np.asarray(found / (np.linalg.norm(found, axis=0) + 1e-3), np.float32)


def _levels(image: Grey) -> NDArray[np.int64]:
    """Bins of equal width between the 1st and 99th percentile."""
    low, high = np.percentile(image, [1, 99])
    scaled = (image - low) / max(high - low, 1e-6) * BINS
    return np.asarray(np.clip(scaled, 0, BINS - 1), np.int64)


def _entropy_terms(share: NDArray[np.floating]) -> NDArray[np.float64]:
    """Terms p log p, 0 for p = 0 (and for the small negatives that a transform leaves)."""
    p = np.maximum(share, 1e-9).astype(np.float64)
    return np.asarray(p * np.log(p))


def _phase(template: Grey, search: Grey) -> Place:
    window = np.outer(np.hanning(template.shape[0]), np.hanning(template.shape[1]))
    shape = search.shape
    first = fft.rfft2((template - template.mean()) * window, shape)
    second = fft.rfft2(search - search.mean(), shape)
    cross = second * np.conj(first)
    response = fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6), shape)
    rows, columns = (s - t + 1 for s, t in zip(shape, template.shape, strict=True))
    return _peak(cv2.GaussianBlur(response[:rows, :columns], (0, 0), 1.0), template)


def _key_points(detector: cv2.Feature2D, norm: int, template: Grey, search: Grey) -> Place:
    described = []
    for image in (template, search):
        low, high = float(image.min()), float(image.max())
        stretched = ((image - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)
        large = cv2.resize(stretched, None, fx=_UPSCALED, fy=_UPSCALED)
        described.append(detector.detectAndCompute(large, None))
    (of_template, first), (of_search, second) = described
    if first is None or second is None or len(second) < 2:
        return centre_prior(template, search)
    moved = []
    for best, *others in cv2.BFMatcher(norm).knnMatch(first, second, k=2):
        if others and best.distance < _RATIO * others[0].distance:
            a, b = of_template[best.queryIdx].pt, of_search[best.trainIdx].pt
            moved.append(np.subtract(b, a) / _UPSCALED)
    if not moved:
        return centre_prior(template, search)
    ways = np.array(moved)
    agree = (np.abs(ways[:, None] - ways[None]).max(axis=2) <= _WITHIN).sum(axis=1)
    best_way = ways[np.abs(ways - ways[int(agree.argmax())]).max(axis=1) <= _WITHIN].mean(axis=0)
    height, width = template.shape
    return Place(best_way[0] + width / 2, best_way[1] + height / 2, float(agree.max()))
