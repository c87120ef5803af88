# SPDX-License-Identifier: Apache-2.0
"""Draws SVG files as PNG once and remembers the result in the data root."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import resvg_py
from PIL import Image
from rich.progress import track

from xsense_ros.errors import InputError
from xsense_training.data.root import cache_folder

SIZE = 256


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix='.', suffix='.part')
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def draw_svg(svg: bytes, size: int = SIZE) -> bytes:
    """PNG (RGBA) of a drawing, its longest side `size` pixels.

    System fonts are left out so that every machine draws the same pixels.

    Raises:
        ValueError: the drawing cannot be parsed.
    """
    text = svg.decode('utf-8', 'replace')
    # Without dots per inch, a drawing measured in points or millimetres has no size.
    draw = functools.partial(
        resvg_py.svg_to_bytes, svg_string=text, dpi=96.0, skip_system_fonts=True
    )
    png = bytes(draw(width=size))
    with Image.open(io.BytesIO(png)) as image:
        width, height = image.size
    return bytes(draw(height=size)) if height > width else png


def rendered(svg: Path, root: Path, size: int = SIZE) -> Path:
    """Path of the PNG of an SVG file, drawn on the first call.

    The name in the cache is the hash of the drawing, the size and the version of the renderer: a
    new drawing or renderer never meets an old picture.

    Raises:
        InputError: the file is missing or cannot be drawn.
    """
    try:
        content = svg.read_bytes()
        seed = f'{size} {resvg_py.__version__} '.encode()
        name = hashlib.sha256(seed + content).hexdigest()
        target = cache_folder(root, 'svg') / name[:2] / f'{name}.png'
        if not target.exists():
            write_atomically(target, draw_svg(content, size))
    except (FileNotFoundError, ValueError) as error:
        raise InputError(
            'drawing',
            str(svg),
            'an SVG file that can be drawn',
            'fetch the data set again (xsense-train data check all)',
        ) from error
    return target


def render_all(files: Sequence[Path], root: Path) -> dict[Path, Path]:
    """PNG of each SVG file, with a progress bar when there is much to wait for."""
    shown = track(files, 'Drawing', transient=True, disable=len(files) < 50)
    return {file: rendered(file, root) for file in shown}
