# SPDX-License-Identifier: Apache-2.0
"""Pictures of an object on a table, by ray casting and own shading.

Diffuse body, GGX highlight of the key light (Walter et al., 2007) with Schlick's Fresnel term,
reflections of a studio of soft boxes, shadows and sky visibility by rays. The relief turns the
normals and darkens the valleys: what the gel feels is what the camera sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.cameras import Camera, draw_camera, draw_rest
from xsense_training.touch_sim.objects import Thing
from xsense_training.touch_sim.rays import Floats, dot
from xsense_training.touch_sim.studio import Studio, draw_studio

SIZE = 224
# Four samples a pixel where one is not enough.
_SUB = ((-0.25, -0.125), (0.125, -0.25), (0.25, 0.125), (-0.125, 0.25))
_CONTRAST = 0.06  # difference of neighbours, as seen, above which a pixel is sampled again
_AGAIN_SHARE = 0.1  # of all pixels, at most
_GREY = np.full(3, 1 / 3, np.float32)


@dataclass(frozen=True)
class _Seen:
    """What the first ray of each pixel met."""

    colour: Floats
    lit: Floats
    sky: Floats


def render_view(
    thing: Thing, generator: np.random.Generator, size: int = SIZE
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """One picture of the object as a robot's camera may see it.

    Args:
        thing: the object.
        generator: of pose, camera, light, background and noise.
        size: pixels of both sides.

    Returns:
        uint8 (size, size, 3) RGB, and what `instances.json` says of the camera.
    """
    up = draw_rest(generator)
    camera = draw_camera(thing, up, generator)
    table = float((thing.shape.vertices @ up).min()) * thing.size_mm
    studio = draw_studio(up, table, generator)
    rows, columns = np.divmod(np.arange(size * size), size)
    middle = np.stack([columns + 0.5, rows + 0.5], axis=1).astype(np.float32)
    directions = camera.rays(middle, size)
    softness = float(generator.uniform(0.6, 3.5)) * size / SIZE
    first = _shade(thing, studio, camera, directions, size, None, softness)
    picture = first.colour.reshape(size, size, 3)
    exposure = float(generator.uniform(0.75, 1.35)) * 0.45 / _bright(picture)
    seen = _tone(picture * exposure)
    again = np.flatnonzero(_edges(seen))
    if again.size:
        places = (middle[again, None] + np.array(_SUB, np.float32)).reshape(-1, 2)
        each = np.repeat(again, len(_SUB))
        light = (first.lit[each], first.sky[each])
        rays = camera.rays(places, size)
        part = _shade(thing, studio, camera, rays, size, light, softness)
        # Toned before averaging: one bright sample must not outshine its pixel.
        parts = _tone(part.colour * exposure).reshape(-1, len(_SUB), 3)
        seen.reshape(-1, 3)[again] = np.einsum('ijk->ik', parts) / len(_SUB)
    return _photograph(seen, generator), camera.description()


def _shade(
    thing: Thing,
    studio: Studio,
    camera: Camera,
    directions: Floats,
    size: int,
    light: tuple[Floats, Floats] | None,
    softness: float,
) -> _Seen:
    """Linear colours of rays (N, 3); shadows are traced and blurred unless given."""
    origin = camera.position.astype(np.float32)
    origins = np.ascontiguousarray(np.broadcast_to(origin, directions.shape))
    hits = thing.surface.cast(origins, directions)
    on = np.flatnonzero(hits.found)
    floor = studio.floor_distance(camera.position, directions)
    off = np.flatnonzero(~hits.found & (floor > 0))
    points = hits.points  # of rays that missed: of the table, where shadows are traced
    flat, smooth = thing.surface.normals_at(hits, on)
    if light is None:
        points[off] = origin + directions[off] * floor[off, None]
        normals = np.broadcast_to(studio.up.astype(np.float32), points.shape).copy()
        normals[on] = flat
        near = np.concatenate([on, off[studio.near(points[off], 2.5 * thing.size_mm)]])
        lit, sky = _shadows(thing, studio, points, normals, near, size, softness)
    else:
        lit, sky = light
    colour = np.empty_like(points)
    # Behind a body that lets no light through, nothing is computed.
    around = slice(None) if thing.substance.clear else np.flatnonzero(~hits.found)
    colour[around] = studio.background(
        origin, directions[around], floor[around], lit[around], sky[around]
    )
    if on.size:
        footprint = float(np.median(hits.distance[on])) * camera.pixel_angle(size)
        colour[on] = _body(
            thing, studio, points[on], smooth, directions[on], lit[on], sky[on], colour[on],
            footprint,
        )  # fmt: skip
    return _Seen(colour, lit, sky)


def _shadows(
    thing: Thing,
    studio: Studio,
    points: Floats,
    normals: Floats,
    rows: NDArray[np.integer],
    size: int,
    softness: float,
) -> tuple[Floats, Floats]:
    """Share of the key light and of the sky that reaches each pixel, softened in the picture."""
    start = points[rows] + normals[rows] * np.float32(0.004 * thing.size_mm)
    out = []
    for towards, blur in ((studio.key_direction, softness), (studio.sky_direction, 4 * softness)):
        free = np.ones(size * size, np.float32)
        rays = np.broadcast_to(towards.astype(np.float32), start.shape)
        free[rows] = ~thing.surface.occluded(start, np.ascontiguousarray(rays))
        soft = cv2.GaussianBlur(free.reshape(size, size), (0, 0), blur)
        out.append(np.asarray(soft, np.float32).ravel())
    return out[0], out[1]


def _body(
    thing: Thing,
    studio: Studio,
    points: Floats,
    smooth: Floats,
    directions: Floats,
    lit: Floats,
    sky: Floats,
    behind: Floats,
    footprint_mm: float,
) -> Floats:
    """Linear colours (N, 3) of points of the object."""
    substance, bump = thing.substance, thing.bump
    height, gradient = bump.height_and_gradient(points, footprint_mm)
    normal = bumped_normals(smooth, gradient)
    relative = height / np.float32(bump.amplitude_mm)
    valley = np.clip(0.5 - relative, 0.0, 1.0)[:, None]
    blotches = studio.blotches(points, thing.size_mm)[:, None]
    share = substance.mottle * np.clip(0.75 * valley + 0.5 * blotches, 0.0, 1.0)
    albedo = np.array(substance.colour, np.float32) * (1 - share) + share * np.array(
        substance.second, np.float32
    )
    steep = min(0.6, 2.5 * bump.amplitude_mm / bump.wavelength_mm)
    open_sky = (sky[:, None] * 0.75 + 0.25) * (1.0 - steep * np.clip(valley - 0.5, 0, 1))

    view = -directions
    facing = np.clip(dot(normal, view), 0.02, 1.0)[:, None]
    rough = np.float32(max(substance.roughness, 0.05))
    base = albedo if substance.metallic else np.float32(0.04)
    fresnel = base + (1 - base) * (1 - facing) ** 5 * (1 - rough) ** 1.5
    key = studio.key_direction.astype(np.float32)
    to_light = np.clip(normal @ key, 0.0, 1.0)[:, None] * lit[:, None]
    half = view + key
    half /= np.sqrt(dot(half, half) + np.float32(1e-9))[:, None]
    alpha = rough**2
    cosine = np.clip(dot(normal, half), 0, 1)[:, None]
    spread = alpha**2 / (np.pi * (cosine**2 * (alpha**2 - 1) + 1) ** 2)
    glint = np.minimum(spread / (4 * (0.3 + 0.7 * facing)), 12.0) * to_light * studio.key_colour
    mirror = 2 * facing * normal - view
    reflected = studio.reflection(mirror, float(rough)) * open_sky
    diffuse = np.float32(0.0)
    if not substance.metallic:
        diffuse = albedo * (
            to_light * studio.key_colour / np.pi + studio.irradiance(normal) * open_sky
        )
        if substance.clear:
            tint = albedo / (albedo.max(axis=1, keepdims=True) + np.float32(1e-3))
            clear = np.float32(substance.clear) * facing
            diffuse = diffuse * (1 - clear) + clear * tint * behind
    colour: Floats = diffuse + fresnel * (glint + reflected)
    return colour


def bumped_normals(smooth: Floats, gradient: Floats) -> Floats:
    """Normals (N, 3) of a surface whose relief has that gradient in space (Blinn, 1978)."""
    tangential = gradient - dot(gradient, smooth)[:, None] * smooth
    normal = smooth - tangential
    normal /= np.sqrt(dot(normal, normal))[:, None]
    return normal


def _bright(picture: Floats) -> float:
    """The level that exposure is set by: bright, but no highlight."""
    middle, high = np.percentile(picture @ _GREY, [85, 98])
    return max(float(middle), 0.6 * float(high), 0.03)


def _tone(linear: Floats) -> Floats:
    """Linear light to display values in [0, 1], with a shoulder for highlights."""
    linear = np.maximum(linear, 0)
    pressed = linear * (1 + linear / 9.0) / (1 + linear)
    return np.asarray(np.minimum(1.35 * pressed, 1.0) ** np.float32(1 / 2.2), np.float32)


def _edges(seen: Floats) -> NDArray[np.bool_]:
    """Pixels that differ from a neighbour by more than the contrast allowed."""
    grey = seen @ _GREY
    range_ = cv2.dilate(grey, np.ones((3, 3))) - cv2.erode(grey, np.ones((3, 3)))
    limit = max(_CONTRAST, float(np.quantile(range_, 1 - _AGAIN_SHARE)))
    return np.asarray(range_ > limit)


def _photograph(seen: Floats, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Lens blur, vignetting, noise and quantisation."""
    size = seen.shape[0]
    blur = float(generator.uniform(0.0, 0.7)) * size / SIZE
    if blur > 0.25:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), blur), np.float32)
    across = np.linspace(-1, 1, size, dtype=np.float32) ** 2
    corner = np.float32(generator.uniform(0.0, 0.2))
    seen = seen * (1 - 0.5 * corner * (across[:, None] + across)[..., None])
    grain = generator.standard_normal(seen.shape, np.float32) * np.float32(
        generator.uniform(0.002, 0.018)
    )
    return np.asarray(np.clip((seen + grain) * 255 + 0.5, 0, 255), np.uint8)
