# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.training.data.trees import SVG, drawing
from xsense_ros.errors import InputError
from xsense_training.data.render import draw_svg, rendered, write_atomically


@pytest.mark.parametrize(
    ('width', 'height', 'size'),
    [
        (10, 20, (32, 64)),
        (20, 10, (64, 32)),
        (500, 500, (64, 64)),
    ],
)
def test_longest_side(width: int, height: int, size: tuple[int, int]) -> None:
    png = draw_svg(SVG % (width, height, b'red'), 64)
    assert Image.open(io.BytesIO(png)).size == size


def test_points_are_a_size() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="128pt" height="128pt"></svg>'
    assert Image.open(io.BytesIO(draw_svg(svg, 16))).size == (16, 16)


def test_is_deterministic_and_drawn_once(tmp_path: Path) -> None:
    drawing(tmp_path / 'x.svg')
    first = rendered(tmp_path / 'x.svg', tmp_path)
    written = first.stat().st_mtime_ns
    content = first.read_bytes()
    assert rendered(tmp_path / 'x.svg', tmp_path) == first
    assert first.stat().st_mtime_ns == written
    first.unlink()
    assert rendered(tmp_path / 'x.svg', tmp_path).read_bytes() == content


def test_a_changed_drawing_is_another_picture(tmp_path: Path) -> None:
    drawing(tmp_path / 'x.svg', fill=b'red')
    first = rendered(tmp_path / 'x.svg', tmp_path)
    drawing(tmp_path / 'x.svg', fill=b'blue')
    assert rendered(tmp_path / 'x.svg', tmp_path) != first


@pytest.mark.parametrize('content', [b'no svg', b'<svg', b''])
def test_a_bad_drawing_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'x.svg').write_bytes(content)
    with pytest.raises(InputError, match=r'x\.svg'):
        rendered(tmp_path / 'x.svg', tmp_path)


def test_no_half_file_stays_behind(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_atomically(tmp_path / 'x', 'text is not bytes')  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
