# SPDX-License-Identifier: Apache-2.0
"""The sound of a knock by modal synthesis, from the same description as look and touch.

A body struck with a hammer is a bank of damped resonators (van den Doel, Kry and Pai,
"FoleyAutomatic", SIGGRAPH 2001). Frequencies follow from size, wall and sqrt(E / rho); damping
from the loss factor and from radiation; the contact time from Hertz's law, so that soft and heavy
things sound dull. After the blow the hammer slides a few millimetres over the relief and excites
the same modes. The object lies on something soft and bounces on it as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from xsense_training.touch_sim.objects import Thing
from xsense_training.touch_sim.patches import draw_pose
from xsense_training.touch_sim.rays import Floats

SAMPLE_RATE = 16000
SECONDS = 1.2
ONSET_SECONDS = 0.02
_MODES = 36
_HIGHEST_HZ = 7600.0
# The hammer: a nylon tip of 5 mm radius, as of a small impact hammer.
_TIP_MASS, _TIP_RADIUS, _TIP_MODULUS, _TIP_POISSON = 0.02, 0.005, 3.0e9, 0.4


@dataclass(frozen=True)
class Modes:
    """The resonances of one object.

    Attributes:
        frequency: float64 (M,) Hz, rising.
        decay: float64 (M,) 1/s: amplitudes fall as exp(-decay t).
        waves: float64 (M, 3) and phase (M,): a mode moves as cos(waves . x + phase), x in units
            of half the object.
    """

    frequency: NDArray[np.float64]
    decay: NDArray[np.float64]
    waves: NDArray[np.float64]
    phase: NDArray[np.float64]

    def shape(self, point_mm: NDArray[np.floating], size_mm: float) -> NDArray[np.float64]:
        """How far each mode moves at that place: (M,) in [-1, 1]."""
        return np.asarray(np.cos(self.waves @ (np.asarray(point_mm) * 2 / size_mm) + self.phase))


def modes_of(thing: Thing) -> Modes:
    """Resonances of an object, the same for each of its knocks.

    c = sqrt(E / (rho (1 - nu^2))). The lowest of a shell is 0.49 c t / (L M), the oval mode of a
    thin ring of wall t (Love, 1888) with the two longest sides L, M for its diameter; that of a
    solid body is 1.03 c t / L^2, of a free bar of thickness t (Euler and Bernoulli). Slender
    bodies have theirs far apart, as bars; compact ones close together.
    """
    substance = thing.substance
    longest, middle, shortest = (side * 1e-3 for side in thing.extents_mm)
    wall = _wall(thing)
    speed = np.sqrt(substance.young / (substance.density * (1 - substance.poisson**2)))
    generator = np.random.default_rng([thing.seed, 3, thing.number])
    slender = np.clip(longest / (middle + 1e-9) - 1.0, 0.0, 2.0) / 2.0
    if wall > 0:
        lowest = 0.49 * speed * wall / (longest * middle) * generator.uniform(0.8, 1.6)
        spread = 0.85 + 0.6 * slender
    else:
        lowest = 1.03 * speed * min(shortest, 0.5 * longest) / longest**2
        spread = 0.6 + 1.1 * slender
    order = np.arange(1, _MODES + 1)
    frequency = lowest * order**spread * np.exp(generator.normal(0, 0.07, _MODES))
    frequency = np.sort(frequency)
    radiation = generator.uniform(3.0, 12.0)
    # The hand or table that holds the object damps light ones more.
    support = 0.25 / (0.02 + mass_of(thing)) * generator.uniform(0.5, 1.5)
    decay = radiation + support + np.pi * substance.loss * frequency
    direction = generator.normal(size=(_MODES, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    waves = direction * (np.pi * order**0.5)[:, None]
    return Modes(frequency, decay, waves, generator.uniform(0, 2 * np.pi, _MODES))


def mass_of(thing: Thing) -> float:
    """Mass of the object in kg."""
    a, b, c = (side * 1e-3 for side in thing.extents_mm)
    volume = thing.shape.fill * a * b * c
    wall = _wall(thing)
    if wall > 0:
        volume = min(volume, 2.0 * (a * b + b * c + a * c) * wall * thing.shape.fill ** (2 / 3))
    return thing.substance.density * volume


def _wall(thing: Thing) -> float:
    """Wall in metres, 0 for a solid body; small things are made with thinner walls."""
    longest, _, shortest = thing.extents_mm
    return 1e-3 * min(thing.substance.wall_mm, 0.3 * shortest, 0.04 * longest)


def contact_seconds(thing: Thing, speed: float) -> float:
    """Duration of the blow, Hertz's impact of two elastic bodies (Johnson, 1985, section 11.4).

    Args:
        thing: the object that is struck.
        speed: of the hammer, m/s.
    """
    substance = thing.substance
    compliance = (1 - _TIP_POISSON**2) / _TIP_MODULUS + (
        1 - substance.poisson**2
    ) / substance.young
    mass = 1.0 / (1.0 / _TIP_MASS + 1.0 / mass_of(thing))
    return float(2.87 * (mass**2 * compliance**2 / (_TIP_RADIUS * speed)) ** 0.2)


def render_impact(
    thing: Thing, modes: Modes, generator: np.random.Generator
) -> tuple[Floats, dict[str, Any]]:
    """One knock.

    Args:
        thing: the object.
        modes: of it.
        generator: of place, speed, room, noise and gain.

    Returns:
        float32 (19200,) mono at 16 kHz, onset at 20 ms, and what `instances.json` says of it.
    """
    place = draw_pose(thing, generator)
    speed = float(np.exp(generator.uniform(np.log(0.3), np.log(1.5))))
    blow = contact_seconds(thing, speed)
    length, onset = round(SECONDS * SAMPLE_RATE), round(ONSET_SECONDS * SAMPLE_RATE)
    force = np.zeros(length)
    pulse = _pulse(blow)
    force[onset : onset + pulse.size] += pulse
    scrape = _scrape(thing, place.point, place.u, blow, generator)
    start = onset + pulse.size
    force[start : start + scrape.size] += scrape * pulse.sum() / max(blow * SAMPLE_RATE, 1.0)
    sound = _ring(modes, modes.shape(place.point, thing.size_mm), force)
    # The blow itself is heard as well: the object and the hammer stop in the air.
    push = np.diff(force, prepend=0.0)
    sound = sound / (np.abs(sound).max() + 1e-12)
    sound += generator.uniform(0.1, 0.4) * push / (np.abs(push).max() + 1e-12)
    sound += _bounce(mass_of(thing), force, generator)
    sound = _room(sound, onset, generator)
    loud = float(np.exp(generator.uniform(np.log(0.15), np.log(0.9))))
    sound *= loud / np.abs(sound).max()
    sound += _noise(length, generator) * 10 ** generator.uniform(-4.3, -3.0)
    detail = {
        'speed': round(speed, 3),
        'contact_ms': round(1e3 * blow, 4),
        'point_mm': [round(float(value), 2) for value in place.point],
    }
    return np.clip(sound, -1, 1).astype(np.float32), detail


def _pulse(seconds: float) -> NDArray[np.float64]:
    """Force of the blow: half a sine, averaged over each sample so that short ones keep size."""
    steps = 16
    count = max(1, int(np.ceil(seconds * SAMPLE_RATE)))
    time = (np.arange(count * steps) + 0.5) / (steps * SAMPLE_RATE)
    fine = np.where(time < seconds, np.sin(np.pi * time / seconds), 0.0)
    return np.asarray(fine.reshape(count, steps).mean(axis=1))


def _scrape(
    thing: Thing,
    point: NDArray[np.float64],
    along: NDArray[np.float64],
    blow: float,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Force while the hammer slides on: bursts where the relief is steep, (N,)."""
    seconds = float(generator.uniform(0.02, 0.08))
    speed = float(np.exp(generator.uniform(np.log(40.0), np.log(200.0))))  # mm/s
    count = round(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    way = speed * (time - 0.5 * time**2 / seconds)
    path = (point + way[:, None] * along).astype(np.float32)
    height = thing.bump.height(path).astype(np.float64)
    slope = np.gradient(height, way + np.arange(count) * 1e-9)
    fade = (1.0 - time / seconds) ** 1.5
    # Asperities below the relief make the carrier; a soft contact does not follow the fast ones.
    carrier = generator.standard_normal(count)
    width = max(1, round(blow * SAMPLE_RATE))
    carrier = np.convolve(carrier, np.full(width, 1.0 / width), mode='same')
    return np.asarray(1.2 * fade * (0.02 + np.abs(slope)) * carrier)


def _ring(
    modes: Modes, gains: NDArray[np.float64], force: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sound of the resonators driven by a force (N,): (N,)."""
    sound = np.zeros_like(force)
    for frequency, decay, gain in zip(modes.frequency, modes.decay, gains, strict=True):
        # A mode that dies within a period is no tone.
        if frequency > _HIGHEST_HZ or decay > 3.0 * frequency:
            continue
        radius = np.exp(-decay / SAMPLE_RATE)
        angle = 2 * np.pi * frequency / SAMPLE_RATE
        # Pressure follows acceleration, displacement falls as 1 / f: the two cancel.
        feedback = [1.0, -2.0 * radius * np.cos(angle), radius**2]
        sound += gain * lfilter([0.0, radius * np.sin(angle)], feedback, force)
    return sound


def _bounce(
    mass: float, force: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """The object as a whole on its soft support: low thuds that fall with sqrt(mass)."""
    out = np.zeros_like(force)
    for stiffness in np.exp(generator.uniform(np.log(1e4), np.log(3e5), 2)):
        frequency = float(np.sqrt(stiffness / (mass + 0.01)) / (2 * np.pi))
        radius = np.exp(-np.pi * 0.35 * frequency / SAMPLE_RATE)
        angle = 2 * np.pi * min(frequency, 2000.0) / SAMPLE_RATE
        part = lfilter([1.0, -1.0], [1.0, -2.0 * radius * np.cos(angle), radius**2], force)
        out += part * generator.uniform(0.03, 0.3) / (np.abs(part).max() + 1e-12)
    return out


def _room(
    sound: NDArray[np.float64], onset: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """A few early reflections and a short tail."""
    seconds = float(generator.uniform(0.08, 0.35))
    count = round(0.25 * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    tail = generator.standard_normal(count) * np.exp(-6.9 * time / seconds)
    tail[: round(0.004 * SAMPLE_RATE)] = 0.0
    response = tail * generator.uniform(0.005, 0.04)
    response[0] = 1.0
    return np.asarray(fftconvolve(sound, response)[: sound.size])


def _noise(length: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Background noise of unit deviation, between white and brown."""
    white = generator.standard_normal(length)
    coloured = lfilter([1.0], [1.0, -float(generator.uniform(0.0, 0.97))], white)
    return np.asarray(coloured / coloured.std())
