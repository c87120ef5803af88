# SPDX-License-Identifier: Apache-2.0
"""Line art made from vectors and pictures."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from xsense_training.data.line_art_outline import outline_svg, xdog
from xsense_training.data.render import draw_svg

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36">
<g fill="#DD2E44"><rect x="4" y="4" width="20" height="20"/></g>
<circle cx="24" cy="24" r="8" fill="#FFCC4D"/><circle cx="10" cy="10" r="2" fill="#111"/>
<path d="M30 2 L34 6" style="stroke:#00f;fill:none;stroke-width:2"/></svg>"""


def drawn() -> np.ndarray:
    png = draw_svg(outline_svg(SVG), 144)
    rgba = np.asarray(Image.open(io.BytesIO(png)).convert('RGBA')).astype(float)
    return rgba[..., :3].mean(axis=2) * rgba[..., 3] / 255 + 255 - rgba[..., 3]


def test_contours_are_black_and_areas_white() -> None:
    page = drawn()
    assert page[16 + 40, 16] < 60  # left edge of the square
    assert page[60, 60] > 250  # its middle
    assert page[96 + 31, 96] < 60  # lower edge of the disc


def test_what_is_hidden_stays_hidden() -> None:
    page = drawn()
    assert page[94, 94] > 250  # the square's corner lies under the disc
    assert page[40, 40] < 60  # a dark shape stays dark
    assert page[16, 128] < 60  # a drawn line stays a line


def test_edges_of_a_picture_are_dark_and_areas_are_not() -> None:
    grey = np.full((64, 64), 230, np.uint8)
    assert xdog(grey).min() == 255
    grey[20:44, 20:44] = 60
    edges = xdog(grey)
    assert edges[32, 16:24].min() < 100
    assert edges[32, 32] > 250 and edges[5, 5] > 250
