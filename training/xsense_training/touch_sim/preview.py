# SPDX-License-Identifier: Apache-2.0
"""One picture of the whole set: people would rather look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim import layout

_ROWS, _EACH, _SIDE = 16, 4, 112


def write_preview(folder: Path) -> Path:
    """`preview.jpg`: a row an object, with views, touches and spectrograms of knocks."""
    described: dict[str, Any] = json.loads((folder / 'objects.json').read_text('utf-8'))
    names = sorted(described, key=int)
    chosen = [
        names[at] for at in np.linspace(0, len(names) - 1, min(_ROWS, len(names))).astype(int)
    ]
    rows = [_row(folder, name, described[name]) for name in chosen]
    path = folder / 'preview.jpg'
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


def _row(folder: Path, name: str, thing: dict[str, Any]) -> NDArray[np.uint8]:
    instances = sorted((folder / 'vision' / name).iterdir(), key=lambda path: int(path.stem))
    stems = [path.stem for path in instances[:_EACH]]
    tiles = [
        _tile(cv2.imread(str(folder / sense / name / f'{stem}{layout.SENSES[sense]}')))
        for sense in ('vision', 'touch')
        for stem in stems
    ]
    for stem in stems:
        mel = np.load(folder / 'audio_spectrogram' / name / f'{stem}.npy', allow_pickle=False)
        grey = np.clip((mel.T[::-1] + 9) / 16 * 255, 0, 255).astype(np.uint8)
        tiles.append(_tile(cv2.applyColorMap(grey, cv2.COLORMAP_MAGMA)))
    # A set may have fewer instances than there is room for.
    blank = [np.zeros_like(tiles[0])] * (3 * _EACH - len(tiles))
    row = np.hstack([*tiles, *blank])
    relief = thing['texture']
    text = (
        f'{name}: {thing["material"]}, {relief["family"]} {relief["amplitude_mm"]:.2f}/'
        f'{relief["wavelength_mm"]:.1f} mm, {thing["size_mm"]:.0f} mm'
    )
    strip = np.full((16, row.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([strip, row])


def _tile(picture: NDArray[Any] | None) -> NDArray[np.uint8]:
    assert picture is not None
    scaled = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)
