# SPDX-License-Identifier: Apache-2.0
"""The relief of a surface: one solid function of space that is seen, felt and heard.

Every family is a sum of plane waves followed by a pointwise profile, so height and gradient are
exact in any point, and a far view can leave out the waves that its pixels cannot resolve. Where
the object's surface cuts the solid waves, the pattern of that surface appears (solid texturing:
Perlin, "An image synthesizer", SIGGRAPH 1985; Peachey, same volume).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

Floats = NDArray[np.float32]
_SAMPLES = 4096  # points that the amplitude of a relief is measured on
_BLOCK = 16384  # points at once: phases of one block stay in the processor's cache


@dataclass(frozen=True)
class Family:
    """A kind of relief.

    Attributes:
        waves: (generator) -> (wave vectors (K, 3) in units of 2 pi / wavelength, weights (K,)).
        profile: name of the function from the sum of waves to the relief.
        wavelength_mm: range that it is drawn from.
        amplitude_mm: range of its height from valley to ridge.
    """

    waves: Callable[[np.random.Generator], tuple[NDArray[np.float64], NDArray[np.float64]]]
    profile: str
    wavelength_mm: tuple[float, float]
    amplitude_mm: tuple[float, float]


@dataclass(frozen=True)
class Bump:
    """A relief in millimetres; made by `draw_bump`.

    Attributes:
        family: name in FAMILIES.
        amplitude_mm: from valley (2nd percentile) to ridge (98th percentile).
        wavelength_mm: length of its principal waves.
        vectors: float32 (K, 3) wave vectors in rad/mm.
        phases: float32 (K,).
        weights: float32 (K,); the sum of waves has unit variance.
        middle: profile value that counts as height 0.
        scale: millimetres per unit of the profile.
    """

    family: str
    amplitude_mm: float
    wavelength_mm: float
    vectors: Floats
    phases: Floats
    weights: Floats
    middle: float
    scale: float

    def height(self, points: Floats) -> Floats:
        """Relief in mm at points (N, 3) in mm: (N,), outward positive."""
        out = np.empty(len(points), np.float32)
        profile = _PROFILES[FAMILIES[self.family].profile]
        for start in range(0, len(points), _BLOCK):
            block = slice(start, start + _BLOCK)
            waves = np.cos(points[block] @ self.vectors.T + self.phases)
            out[block] = profile(waves @ self.weights)[0]
        return (out - np.float32(self.middle)) * np.float32(self.scale)

    def height_and_gradient(
        self, points: Floats, footprint_mm: float = 0.0
    ) -> tuple[Floats, Floats]:
        """Relief and its gradient in space.

        Args:
            points: float32 (N, 3) in mm.
            footprint_mm: size of what one pixel covers; waves too short for it fade out.

        Returns:
            heights (N,) in mm, gradients (N, 3) in mm per mm.
        """
        heights = np.empty(len(points), np.float32)
        gradients = np.empty((len(points), 3), np.float32)
        profile = _PROFILES[FAMILIES[self.family].profile]
        # A pixel averages over its footprint: a Gaussian of half that width as deviation.
        size = np.linalg.norm(self.vectors, axis=1) * np.float32(0.5 * footprint_mm)
        weights = self.weights * np.exp(-0.5 * size**2)
        slopes = weights[:, None] * self.vectors
        for start in range(0, len(points), _BLOCK):
            block = slice(start, start + _BLOCK)
            angles = points[block] @ self.vectors.T + self.phases
            value, slope = profile(np.cos(angles) @ weights)
            heights[block] = value
            gradients[block] = (np.sin(angles) @ slopes) * -slope[:, None]
        scale = np.float32(self.scale)
        return (heights - np.float32(self.middle)) * scale, gradients * scale


def draw_bump(
    family: str,
    generator: np.random.Generator,
    amplitude_mm: float | None = None,
    wavelength_mm: float | None = None,
) -> Bump:
    """Draws a relief of a family; amplitude and wavelength from its ranges unless given.

    Raises:
        InputError: unknown family.
    """
    if family not in FAMILIES:
        raise InputError('relief family', family, f'one of {list(FAMILIES)}', 'correct the name')
    kind = FAMILIES[family]
    drawn_amplitude = _log_uniform(generator, *kind.amplitude_mm)
    drawn_wavelength = _log_uniform(generator, *kind.wavelength_mm)
    amplitude = drawn_amplitude if amplitude_mm is None else amplitude_mm
    wavelength = drawn_wavelength if wavelength_mm is None else wavelength_mm
    directions, weights = kind.waves(generator)
    vectors = (directions @ _rotation(generator).T * (2 * np.pi / wavelength)).astype(np.float32)
    phases = generator.uniform(0, 2 * np.pi, len(vectors)).astype(np.float32)
    unit = (weights / np.sqrt(0.5 * np.sum(weights**2))).astype(np.float32)
    points = (generator.uniform(-25, 25, (_SAMPLES, 3)) * wavelength).astype(np.float32)
    profile = _PROFILES[kind.profile]
    values = profile(np.cos(points @ vectors.T + phases) @ unit)[0]
    low, high = np.percentile(values, [2, 98])
    return Bump(
        family,
        amplitude,
        wavelength,
        vectors,
        phases,
        unit,
        float(values.mean()),
        float(amplitude / (high - low)),
    )


def _log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def _rotation(generator: np.random.Generator) -> NDArray[np.float64]:
    """A random rotation (3, 3)."""
    matrix, upper = np.linalg.qr(generator.normal(size=(3, 3)))
    return np.asarray(matrix * np.sign(np.diag(upper)))


def _unit(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Random directions (count, 3)."""
    vectors = generator.normal(size=(count, 3))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _band(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Isotropic noise of about one wavelength: cells of one size in irregular places."""
    length = generator.uniform(0.85, 1.15, (32, 1))
    return _unit(generator, 32) * length, np.ones(32)


def _octaves(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Isotropic noise over three octaves, weight falling as 1/frequency."""
    frequency = 2.0 ** generator.uniform(-0.5, 2.2, 32)
    return _unit(generator, 32) * frequency[:, None], 1.0 / frequency


def _fibres(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Waves across one axis: long fibres along it."""
    vectors = _unit(generator, 32)
    frequency = 2.0 ** generator.uniform(-1.0, 1.0, 32)
    vectors[:, 2] *= 0.07
    return vectors * frequency[:, None], 1.0 / frequency


def _stripes(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One direction."""
    return np.array([[0.0, 0.0, 1.0]]), np.ones(1)


def _crossed(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two directions at 60 to 90 degrees."""
    half = np.radians(generator.uniform(60, 90)) / 2
    rows = [[np.cos(half), np.sin(half), 0.0], [np.cos(half), -np.sin(half), 0.0]]
    return np.array(rows), np.ones(2)


def _lattice(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Six directions <110>: their sum peaks on a regular lattice."""
    rows = [[1, 1, 0], [1, -1, 0], [1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1]]
    return np.array(rows, np.float64) / np.sqrt(2), np.ones(6)


def _threads(
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two thread directions that pass over and under each other: cos x cos y plus overtones."""
    rows = [[0.5, 0.5, 0.0], [0.5, -0.5, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    return np.array(rows), np.array([1.0, 1.0, 0.6, 0.6])


def _linear(s: Floats) -> tuple[Floats, Floats]:
    return s, np.ones_like(s)


def _plateau(s: Floats) -> tuple[Floats, Floats]:
    """Flat tops and valleys with flanks between."""
    value = np.tanh(1.5 * s)
    return value, 1.5 * (1.0 - value**2)


def _bowls(s: Floats) -> tuple[Floats, Floats]:
    """Round hollows that meet in ridges where the waves change sign."""
    root = np.sqrt(s**2 + np.float32(0.02))
    return -root, -s / root


def _cushions(s: Floats) -> tuple[Floats, Floats]:
    """Round elevations that meet in creases."""
    value, slope = _bowls(s)
    return -value, -slope


def _pits(s: Floats) -> tuple[Floats, Floats]:
    """Separate hollows in a flat surface."""
    level = 1.0 / (1.0 + np.exp(-5.0 * (s - np.float32(1.3))))
    return -level, -5.0 * level * (1.0 - level)


def _studs(s: Floats) -> tuple[Floats, Floats]:
    """Separate elevations on a flat surface."""
    value, slope = _pits(s)
    return -value, -slope


_PROFILES: dict[str, Callable[[Floats], tuple[Floats, Floats]]] = {
    'linear': _linear,
    'plateau': _plateau,
    'bowls': _bowls,
    'cushions': _cushions,
    'pits': _pits,
    'studs': _studs,
}

FAMILIES: dict[str, Family] = {
    'smooth': Family(_octaves, 'linear', (4.0, 8.0), (0.005, 0.03)),
    'rough': Family(_octaves, 'linear', (2.0, 6.0), (0.08, 0.45)),
    'grain': Family(_fibres, 'linear', (1.0, 3.0), (0.04, 0.25)),
    'hammered': Family(_band, 'bowls', (5.0, 8.0), (0.15, 0.5)),
    'ribs': Family(_stripes, 'plateau', (1.5, 6.0), (0.15, 0.6)),
    'knurl': Family(_crossed, 'linear', (1.2, 3.0), (0.15, 0.5)),
    'dimples': Family(_lattice, 'pits', (3.0, 7.0), (0.15, 0.5)),
    'studs': Family(_lattice, 'studs', (2.5, 6.0), (0.2, 0.6)),
    'weave': Family(_threads, 'linear', (1.5, 3.5), (0.12, 0.4)),
    'pores': Family(_band, 'pits', (1.2, 4.0), (0.12, 0.5)),
    'pebbled': Family(_band, 'cushions', (2.0, 4.5), (0.08, 0.3)),
}
