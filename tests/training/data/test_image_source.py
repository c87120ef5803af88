# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.data.public_trees import picture_bytes, write
from xsense_ros.errors import InputError
from xsense_training.data.image_source import ImageSource, decode, images_per_second, unreadable


@pytest.fixture(scope='module')
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp('pictures')
    return [
        write(folder / name, picture_bytes(name, shade=10 * number, size=(80, 60)))
        for number, name in enumerate(f'{i}.{"jpg" if i % 2 else "png"}' for i in range(20))
    ]


def shade(picture: np.ndarray) -> np.ndarray:
    return picture.mean(axis=(0, 1))


def test_decode_keeps_the_size_unless_asked(paths: list[Path]) -> None:
    for path in paths[:2]:
        assert decode(path).shape == (60, 80, 3)
        assert decode(path, shortest=15).shape == (15, 20, 3)
        assert decode(path, shortest=500).shape == (60, 80, 3)


def test_a_smaller_picture_is_the_mean_of_its_pixels(tmp_path: Path) -> None:
    columns, rows = np.meshgrid(np.arange(256), np.arange(192))
    full = np.stack([columns, rows, columns // 2 + rows // 2], axis=-1).astype(np.uint8)
    expected = full.reshape(48, 4, 64, 4, 3).mean(axis=(1, 3))
    for name, tolerance in (('a.png', 1), ('a.jpg', 4)):
        Image.fromarray(full).save(tmp_path / name, quality=98, subsampling=0)
        small = decode(tmp_path / name, shortest=48)
        assert np.abs(small - expected).max() <= tolerance


@pytest.mark.parametrize('kept', [0.1, 0.6, 0.97])
def test_a_cut_off_jpeg_is_refused(paths: list[Path], tmp_path: Path, kept: float) -> None:
    whole = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(noise).save(whole, 'JPEG')
    data = whole.getvalue()
    with pytest.raises(InputError, match=r'cut\.jpg'):
        decode(write(tmp_path / 'cut.jpg', data[: int(kept * len(data))]))


def test_grey_and_rotated_jpegs(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('L', (40, 20), 50).save(tmp_path / 'a.jpg', exif=exif)
    found = decode(tmp_path / 'a.jpg', shortest=10)
    assert found.shape == (10, 20, 3)
    assert np.abs(found.astype(int) - 50).max() <= 1


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    Image.new('RGBA', (4, 4), (0, 0, 0, 0)).save(tmp_path / 'a.png')
    Image.new('1', (4, 4), 1).save(tmp_path / 'b.png')
    assert decode(tmp_path / 'a.png').min() == 255
    assert decode(tmp_path / 'b.png').min() == 255


@pytest.mark.parametrize('workers', [0, 2])
def test_order_and_every_picture(paths: list[Path], workers: int) -> None:
    source = ImageSource(paths, shortest=30, prepare=shade)
    order = np.random.default_rng(0).permutation(len(paths))
    batches = list(source.batches(order.tolist(), 8, workers))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    np.testing.assert_allclose(np.concatenate(batches)[:, 0], 10 * order, atol=1)


def test_pictures_are_decoded_only_when_asked_for(paths: list[Path], tmp_path: Path) -> None:
    source = ImageSource([*paths[:4], tmp_path / 'missing.png'])
    batches = source.batches(range(5), 2)
    assert len(next(batches)) == len(next(batches)) == 2
    with pytest.raises(InputError, match=r'missing\.png'):
        next(batches)


def test_a_failure_in_a_worker_names_the_file(paths: list[Path], tmp_path: Path) -> None:
    broken = write(tmp_path / 'broken.jpg', paths[1].read_bytes()[:200])
    with pytest.raises((InputError, RuntimeError), match=r'broken\.jpg'):
        list(ImageSource([paths[0], broken]).batches(range(2), 1, workers=1))


def test_rate_is_measured(paths: list[Path]) -> None:
    assert images_per_second(ImageSource(paths), most=10) > 10


def test_files_that_are_no_pictures_are_found(paths: list[Path], tmp_path: Path) -> None:
    bad = [write(tmp_path / 'empty.jpg', b''), write(tmp_path / 'page.png', '<html>')]
    assert unreadable([*paths, *bad, tmp_path / 'missing.jpg']) == [*bad, tmp_path / 'missing.jpg']
