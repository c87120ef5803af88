# SPDX-License-Identifier: Apache-2.0
"""What objects are made of: look, mechanics and the reliefs that go with each material.

Mechanical ranges are those of handbooks (Ashby, "Materials Selection in Mechanical Design",
appendix of material properties); the loss factor is that of a whole object in the hand, which is
above the one of the bare material.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True)
class Material:
    """Ranges that the substance of one object is drawn from.

    Attributes:
        colours: (hue, saturation, value) ranges in [0, 1]; one of them is taken.
        roughness: of the highlight, 0 mirror to 1 matt.
        metallic: whether the highlight has the colour of the body.
        clear: share of the light that passes through.
        density: kg/m3.
        young: Young's modulus in Pa.
        poisson: Poisson's ratio.
        loss: loss factor of vibrations.
        hollow: share of objects that are shells.
        wall_mm: wall thickness of a shell.
        reliefs: family -> weight.
        mottle: how far the colour varies over the surface.
    """

    colours: tuple[tuple[Range, Range, Range], ...]
    roughness: Range
    density: Range
    young: Range
    poisson: float
    loss: Range
    hollow: float
    wall_mm: Range
    reliefs: dict[str, float]
    mottle: Range
    metallic: bool = False
    clear: float = 0.0


@dataclass(frozen=True)
class Substance:
    """What one object is made of; fields as in Material, drawn.

    Attributes:
        colour: linear RGB of the body.
        second: linear RGB that its mottling and its valleys tend to.
        wall_mm: wall thickness, 0 for a solid body.
    """

    material: str
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    roughness: float
    metallic: bool
    clear: float
    density: float
    young: float
    poisson: float
    loss: float
    wall_mm: float
    mottle: float


_GREY = ((0.0, 1.0), (0.0, 0.06), (0.45, 0.85))
_ANY = ((0.0, 1.0), (0.35, 0.9), (0.3, 0.95))
_BROWN = ((0.04, 0.11), (0.35, 0.75), (0.25, 0.8))

MATERIALS: dict[str, Material] = {
    'steel': Material(
        (_GREY,), (0.12, 0.5), (7600, 8000), (1.9e11, 2.1e11), 0.29, (0.0003, 0.0015),
        0.8, (0.8, 4.0),
        {'smooth': 3, 'hammered': 2, 'knurl': 2, 'ribs': 1, 'dimples': 0.5}, (0.0, 0.1), True,
    ),
    'brass': Material(
        (((0.09, 0.14), (0.35, 0.65), (0.55, 0.9)), ((0.04, 0.08), (0.4, 0.65), (0.5, 0.85))),
        (0.12, 0.5), (8300, 8900), (1.0e11, 1.3e11), 0.34, (0.0004, 0.002), 0.7, (0.8, 4.0),
        {'smooth': 2, 'hammered': 3, 'knurl': 1.5, 'ribs': 1.5}, (0.0, 0.2), True,
    ),
    'ceramic': Material(
        (((0.0, 1.0), (0.0, 0.15), (0.7, 0.95)), _ANY), (0.08, 0.45), (2200, 3000),
        (5e10, 9e10), 0.22, (0.0015, 0.006), 0.9, (2.5, 7.0),
        {'smooth': 4, 'ribs': 1.5, 'rough': 1, 'dimples': 1, 'pebbled': 0.5}, (0.0, 0.25),
    ),
    'glass': Material(
        (((0.25, 0.6), (0.05, 0.5), (0.4, 0.85)),), (0.04, 0.15), (2400, 2600),
        (6.5e10, 7.5e10), 0.23, (0.0006, 0.0025), 0.9, (1.5, 5.0),
        {'smooth': 4, 'ribs': 1.5, 'hammered': 1, 'studs': 1}, (0.0, 0.05), False, 0.75,
    ),
    'plastic': Material(
        (_ANY, _GREY, ((0.0, 1.0), (0.0, 0.1), (0.05, 0.3))), (0.15, 0.6), (900, 1300),
        (1.2e9, 3.5e9), 0.38, (0.02, 0.06), 0.75, (1.0, 4.0),
        {'smooth': 3, 'ribs': 2, 'studs': 1.5, 'dimples': 1.5, 'knurl': 1, 'pebbled': 1},
        (0.0, 0.1),
    ),
    'wood': Material(
        (_BROWN,), (0.4, 0.85), (450, 850), (3e9, 1.1e10), 0.35, (0.012, 0.035), 0.4,
        (5.0, 9.0), {'grain': 6, 'ribs': 1, 'smooth': 1, 'hammered': 0.3}, (0.3, 0.8),
    ),
    'rubber': Material(
        (((0.0, 1.0), (0.0, 0.3), (0.04, 0.2)), _ANY), (0.6, 0.95), (950, 1300),
        (3e6, 4e7), 0.48, (0.12, 0.3), 0.4, (3.0, 8.0),
        {'studs': 2, 'ribs': 2, 'knurl': 2, 'smooth': 1, 'dimples': 1}, (0.0, 0.1),
    ),
    'stone': Material(
        (((0.05, 0.15), (0.0, 0.35), (0.25, 0.8)), ((0.0, 1.0), (0.0, 0.1), (0.2, 0.7))),
        (0.5, 0.95), (2300, 2900), (2.5e10, 6e10), 0.25, (0.004, 0.012), 0.25, (5.0, 12.0),
        {'rough': 5, 'pores': 2, 'smooth': 1, 'hammered': 0.7}, (0.2, 0.8),
    ),
    'leather': Material(
        (((0.02, 0.1), (0.3, 0.8), (0.12, 0.6)), _ANY), (0.45, 0.8), (800, 1050),
        (5e7, 3e8), 0.4, (0.08, 0.2), 0.8, (1.5, 4.0),
        {'pebbled': 5, 'smooth': 1, 'pores': 1, 'weave': 0.7}, (0.1, 0.4),
    ),
    'fabric': Material(
        (_ANY, ((0.05, 0.15), (0.05, 0.4), (0.4, 0.9))), (0.85, 1.0), (150, 450),
        (1e6, 2e7), 0.3, (0.2, 0.45), 0.0, (2.0, 5.0),
        {'weave': 6, 'ribs': 1.5, 'pebbled': 0.7, 'rough': 0.5}, (0.1, 0.5),
    ),
    'cork': Material(
        (((0.06, 0.1), (0.4, 0.65), (0.5, 0.8)),), (0.8, 1.0), (140, 260), (1.5e7, 5e7), 0.05,
        (0.08, 0.18), 0.1, (5.0, 9.0), {'pores': 5, 'rough': 2}, (0.3, 0.8),
    ),
    'concrete': Material(
        (((0.05, 0.15), (0.0, 0.12), (0.35, 0.75)),), (0.8, 1.0), (1900, 2400),
        (1.8e10, 3.2e10), 0.2, (0.008, 0.02), 0.3, (5.0, 12.0), {'pores': 3, 'rough': 4},
        (0.15, 0.5),
    ),
}  # fmt: skip


def draw_substance(name: str, generator: np.random.Generator) -> Substance:
    """Draws what one object of that material is made of."""
    material = MATERIALS[name]
    ranges = material.colours[int(generator.integers(len(material.colours)))]
    hue, saturation, value = (float(generator.uniform(*limits)) for limits in ranges)
    darker = float(generator.uniform(0.35, 0.75))
    return Substance(
        material=name,
        colour=_linear_rgb(hue, saturation, value),
        second=_linear_rgb(
            (hue + float(generator.normal(0, 0.02))) % 1.0,
            min(1.0, saturation * float(generator.uniform(0.8, 1.3))),
            value * darker,
        ),
        roughness=float(generator.uniform(*material.roughness)),
        metallic=material.metallic,
        clear=material.clear * float(generator.uniform(0.6, 1.0)),
        density=float(generator.uniform(*material.density)),
        young=float(np.exp(generator.uniform(*np.log(material.young)))),
        poisson=material.poisson,
        loss=float(np.exp(generator.uniform(*np.log(material.loss)))),
        wall_mm=(
            float(generator.uniform(*material.wall_mm))
            if generator.random() < material.hollow
            else 0.0
        ),
        mottle=float(generator.uniform(*material.mottle)),
    )


def draw_relief_family(name: str, generator: np.random.Generator) -> str:
    """Family of relief of one object of that material."""
    reliefs = MATERIALS[name].reliefs
    weights = np.array(list(reliefs.values()), np.float64)
    return str(generator.choice(list(reliefs), p=weights / weights.sum()))


def _linear_rgb(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    """HSV as painted on a screen, in linear light."""
    red, green, blue = (
        value - value * saturation * max(0.0, min(1.0, k, 4.0 - k))
        for k in ((n + hue * 6.0) % 6.0 for n in (5.0, 3.0, 1.0))
    )
    return red**2.2, green**2.2, blue**2.2
