# SPDX-License-Identifier: Apache-2.0
"""Line art that nobody drew: outlines of flat vector drawings, and edges of pictures.

Training needs more than one hand of line art. A flat SVG becomes a line drawing by painting every
shape white with a black contour, in its own order, so that what is hidden stays hidden; a raster
becomes one by the extended difference of Gaussians (Winnemöller 2011, "XDoG").
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray

SHAPES = ('path', 'circle', 'ellipse', 'rect', 'polygon', 'polyline', 'line')
DARK = 0.25  # luminance below which a filled shape stays black, as pupils and windows are drawn
_SVG = 'http://www.w3.org/2000/svg'
_STYLE = ('fill', 'stroke', 'stroke-width', 'opacity', 'fill-opacity', 'stroke-opacity', 'style')


def outline_svg(svg: bytes, stroke: float = 1.0) -> bytes:
    """The contours of a flat drawing, black on white; the drawing's units of length are kept.

    Args:
        svg: a drawing made of filled shapes.
        stroke: width of the contour in the drawing's units.

    Raises:
        xml.etree.ElementTree.ParseError: not XML.
    """
    root = ElementTree.fromstring(svg)
    ElementTree.register_namespace('', _SVG)
    _outline(root, 'black', 'none', stroke)
    return ElementTree.tostring(root)


def xdog(
    grey: NDArray[np.uint8], sigma: float = 0.8, sharpness: float = 20.0, level: float = 0.6
) -> NDArray[np.uint8]:
    """Dark edges on white of a grey picture (H, W) uint8 -> (H, W) uint8.

    Args:
        grey: the picture, on a light ground.
        sigma: width of the narrow Gaussian in pixels; the wide one is 1.6 times that.
        sharpness: p, the weight of the edges against the tone.
        level: share of white below which the response darkens.
    """
    x = grey.astype(np.float32) / 255
    narrow = cv2.GaussianBlur(x, (0, 0), sigma)
    wide = cv2.GaussianBlur(x, (0, 0), 1.6 * sigma)
    # Tone is divided out, so that a dark fill does not become a black blot.
    response = 1 + sharpness * (narrow - wide)
    drawn = np.where(response >= level, 1.0, 1 + np.tanh(6 * (response - level)))
    return np.asarray(np.clip(drawn, 0, 1) * 255 + 0.5, dtype=np.uint8)


def _outline(node: ElementTree.Element, fill: str, line: str, stroke: float) -> None:
    """White with a contour where the shape was filled; a drawn line becomes a black one."""
    declared = dict(re.findall(r'([\w-]+)\s*:\s*([^;]+)', node.get('style', '')))
    fill = declared.get('fill', node.get('fill', fill)).strip()
    line = declared.get('stroke', node.get('stroke', line)).strip()
    width = declared.get('stroke-width', node.get('stroke-width'))
    for name in _STYLE:
        node.attrib.pop(name, None)
    if node.tag.rsplit('}')[-1] in SHAPES:
        filled = fill != 'none'
        node.set('fill', 'none' if not filled else '#000' if _dark(fill) else '#fff')
        node.set('stroke', '#000')
        node.set('stroke-linejoin', 'round')
        node.set('stroke-width', width if width and line != 'none' and not filled else f'{stroke}')
    for child in node:
        _outline(child, fill, line, stroke)


def _dark(colour: str) -> bool:
    if colour == 'black':
        return True
    digits = colour.lstrip('#')
    if len(digits) == 3:
        digits = ''.join(2 * digit for digit in digits)
    if not re.fullmatch(r'[0-9a-fA-F]{6}', digits):
        return False
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return 0.299 * red + 0.587 * green + 0.114 * blue < DARK
