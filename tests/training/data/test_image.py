# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xsense_ros.errors import InputError
from xsense_training.data.image import composite, load_image, load_rgba


def test_alpha_is_mixed_as_by_hand(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (5, 7, 4), dtype=np.uint8)
    Image.fromarray(rgba, 'RGBA').save(tmp_path / 'x.png')
    mixed = load_image(tmp_path / 'x.png', (10, 200, 30))
    assert mixed.shape == (5, 7, 3)
    assert mixed.dtype == np.uint8
    for row, column, channel in np.ndindex(5, 7, 3):
        share = rgba[row, column, 3] / 255
        expected = rgba[row, column, channel] * share + (10, 200, 30)[channel] * (1 - share)
        assert abs(int(mixed[row, column, channel]) - expected) <= 0.51


def test_white_is_the_default(tmp_path: Path) -> None:
    Image.new('RGBA', (2, 2), (9, 9, 9, 0)).save(tmp_path / 'x.png')
    assert (load_image(tmp_path / 'x.png') == 255).all()


@pytest.mark.parametrize('mode', ['P', 'L', 'LA', 'RGB', '1'])
def test_every_kind_of_png_becomes_rgb(tmp_path: Path, mode: str) -> None:
    Image.new('RGB', (4, 3), (200, 200, 200)).convert(mode).save(tmp_path / 'x.png')
    assert load_image(tmp_path / 'x.png').shape == (3, 4, 3)


def test_a_picture_as_background() -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    background = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    np.testing.assert_array_equal(composite(rgba, background), background)


def test_errors_name_the_file(tmp_path: Path) -> None:
    (tmp_path / 'x.png').write_bytes(b'no image')
    with pytest.raises(InputError, match=r'x\.png'):
        load_rgba(tmp_path / 'x.png')
    with pytest.raises(InputError, match='three values'):
        load_image(tmp_path / 'x.png', (0, 0, 300))
