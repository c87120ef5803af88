# SPDX-License-Identifier: Apache-2.0
"""Landsat 7: thermal infrared beside visible light, of one place at one moment.

The package localtileserver ships a scene of Utah's Great Salt Lake Desert: 1482 x 1489 pixels,
bands 1 to 7. Band 6 (10.4-12.5 um) is heat; the others are reflected light. Between green and heat
the correlation is -0.13: what is bright may be hot or cold.

The scene is split from west to east with gaps, so that no pixel and no neighbour of one is on both
sides. Satellite pictures are no pictures of a robot; they are the only real pair of visible and
thermal light in the package registries.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.data.registered_pair import PairSet, Pixels, RegisteredPair, Target, grey
from xsense_training.data.root import data_root, require
from xsense_training.data.tiled_tiff import read_tiff

DATASET = 'landsat'
FILE = 'localtileserver/localtileserver/tiler/data/landsat.tif'
SIDE = 64  # of a template, in pixels
# First and last column (exclusive) of each part; 64 columns between them belong to none.
PARTS = {'train': (0, 640), 'val': (704, 928), 'test': (992, 1489)}
RED, GREEN, BLUE = 2, 1, 0
BANDS = {'near infrared': 3, 'short-wave infrared': 4, 'thermal': 5, 'long short-wave': 6}
CONTRAST = 1.0  # least standard deviation over a template's box, in grey levels


@dataclass(frozen=True)
class Landsat:
    """visible: RGB uint8 (H, W, 3); others: name in BANDS -> uint8 (H, W)."""

    visible: Pixels
    others: dict[str, Pixels]

    def pair(self, part: str, band: str = 'thermal') -> RegisteredPair:
        """The part of the scene, seen in visible light and in one other band."""
        first, last = PARTS[part]
        return RegisteredPair(
            f'{part}, {band}', self.visible[:, first:last], self.others[band][:, first:last]
        )


def load_landsat(root: Path | str | None = None) -> Landsat:
    """The scene; read once, and not to be written to.

    Raises:
        InputError: it is not fetched, or damaged.
    """
    return _read(require(data_root(root), FILE, DATASET))


@lru_cache(maxsize=1)
def _read(path: Path) -> Landsat:
    bands = read_tiff(path)
    if bands.shape[2] != 7:
        raise InputError(
            'bands of landsat.tif', bands.shape, '7', 'xsense-train data fetch landsat'
        )
    layers = [np.ascontiguousarray(bands[..., number]) for number in range(7)]
    visible = np.dstack([layers[RED], layers[GREEN], layers[BLUE]])
    for layer in (*layers, visible):
        layer.setflags(write=False)
    return Landsat(visible, {name: layers[number] for name, number in BANDS.items()})


def landsat_pairs(
    part: str, root: Path | str | None = None, band: str = 'thermal', step: int = SIDE // 2
) -> PairSet:
    """One part of the scene as a set of a single pair; templates on a grid.

    A template is left out, whatever the method, where either band varies by less than CONTRAST
    over its box: there is nothing to match there.

    Args:
        part: a name in PARTS.
        root: data root; None means $XSENSE_DATA or its default.
        band: a name in BANDS.
        step: of the grid, in pixels.

    Raises:
        InputError: as `load_landsat`, or an unknown part or band.
    """
    for what, name, known in (('part', part, PARTS), ('band', band, BANDS)):
        if name not in known:
            raise InputError(f'{what} of landsat', name, f'one of {list(known)}', 'correct it')
    pair = load_landsat(root).pair(part, band)
    columns, rows = pair.size
    targets = tuple(
        Target(0, (x, y, SIDE, SIDE))
        for y in range(0, rows - SIDE + 1, step)
        for x in range(0, columns - SIDE + 1, step)
        if _varies(pair, x, y)
    )
    return PairSet(f'landsat {band}', (pair.name,), lambda _: pair, targets, {pair.name: part})


def _varies(pair: RegisteredPair, x: int, y: int) -> bool:
    boxes = (image[y : y + SIDE, x : x + SIDE] for image in (pair.visible, pair.infrared))
    return all(float(grey(box).std()) >= CONTRAST for box in boxes)
