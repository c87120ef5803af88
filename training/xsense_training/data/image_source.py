# SPDX-License-Identifier: Apache-2.0
"""Pictures of a large data set: decoded when they are asked for, in one or several processes.

Only the batches in flight are in memory, whatever the size of the data set, and they come in the
order that was asked for, whatever the number of processes.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from xsense_ros.errors import InputError
from xsense_training.data.image import WHITE, composite

Picture = NDArray[np.uint8]
Prepare = Callable[[Picture], NDArray[np.generic]]
AHEAD = 2
_JPEG_END = b'\xff\xd9'
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


def decode(path: Path, shortest: int | None = None) -> Picture:
    """The picture on white, optionally made smaller.

    A JPEG is decoded at a half, quarter or eighth of its size where that is enough, which is
    several times faster than decoding all of it.

    Args:
        path: JPEG, PNG, WebP or BMP; EXIF rotation is not applied.
        shortest: shortest side of the result in pixels; None or a smaller picture keeps its size.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        InputError: the file is missing or is not a picture.
    """
    try:
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            if image.format == 'JPEG' and _JPEG_END in data[-64:]:
                pixels = _decode_jpeg(data, shortest, min(image.size))
            elif image.has_transparency_data:
                pixels = composite(np.asarray(image.convert('RGBA')), WHITE)
            else:
                pixels = np.asarray(image.convert('RGB'))
    except (OSError, ValueError, UnidentifiedImageError) as error:
        raise InputError(
            'picture', str(path), 'a readable JPEG, PNG, WebP or BMP', 'unpack the data set again'
        ) from error
    height, width = pixels.shape[:2]
    if shortest is None or min(height, width) <= shortest:
        return pixels
    scale = shortest / min(height, width)
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _decode_jpeg(data: bytes, shortest: int | None, side: int) -> Picture:
    """By OpenCV, which takes half the time of Pillow, but fills what a cut-off file lacks."""
    flag = cv2.IMREAD_COLOR
    for parts, reduced in _REDUCED:
        if shortest is not None and side >= parts * shortest:
            flag = reduced
            break
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise ValueError('not decodable')
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


class ImageSource(Dataset[NDArray[np.generic]]):
    """The pictures of some files by their number.

    Args:
        paths: files.
        shortest: as in decode.
        prepare: what else is done to each picture, (H, W, 3) -> an array of one shape for all if
            they are to be stacked; runs in the worker. Module-level functions and callable objects
            work with every number of processes, lambdas with one only.
    """

    def __init__(
        self, paths: Sequence[Path], shortest: int | None = None, prepare: Prepare | None = None
    ) -> None:
        self.paths = tuple(paths)
        self.shortest = shortest
        self.prepare = prepare

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> NDArray[np.generic]:
        """The picture of one file.

        Raises:
            InputError: it cannot be decoded.
        """
        picture = decode(self.paths[number], self.shortest)
        return picture if self.prepare is None else self.prepare(picture)

    def batches(
        self, order: Sequence[int], size: int, workers: int = 0
    ) -> Iterator[list[NDArray[np.generic]]]:
        """Pictures in the given order, in lists of `size` (the last may be shorter).

        Args:
            order: file numbers.
            size: pictures in a batch.
            workers: decoding processes; 0 decodes in this one. At most workers * 2 batches wait.

        Raises:
            InputError: a picture cannot be decoded (RuntimeError with the same text, if it
                happened in a worker).
        """
        loader: DataLoader[NDArray[np.generic]] = DataLoader(
            self,
            batch_size=size,
            sampler=order,
            num_workers=workers,
            collate_fn=list,
            prefetch_factor=AHEAD if workers else None,
        )
        return iter(loader)


def unreadable(paths: Sequence[Path]) -> list[Path]:
    """Files whose header is not that of a picture: empty, cut off at once or something else."""
    shown = track(paths, 'Looking at pictures', transient=True, disable=len(paths) < 1000)
    return [path for path in shown if not _is_picture(path)]


def _is_picture(path: Path) -> bool:
    try:
        with Image.open(path):
            return True
    except (OSError, UnidentifiedImageError):
        return False


def images_per_second(source: ImageSource, workers: int = 0, most: int = 256) -> float:
    """Measured rate of decoding the first pictures of a source, start of the workers included."""
    order = range(min(most, len(source)))
    start = time.perf_counter()
    for _ in source.batches(order, 16, workers):
        pass
    return len(order) / (time.perf_counter() - start)
