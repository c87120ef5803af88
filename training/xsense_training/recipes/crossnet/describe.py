# SPDX-License-Identifier: Apache-2.0
"""One file -> all that describes it: for the towers, for baselines, for controls.

Towers (what ships): pictures by the trunk that bundles share, presses by TouchTrunk, knocks by
KnockStatistics, each plain and in varied views. Baselines get more of a press than the towers do:
all of EfficientNet-Lite0 at 224 px on the change of the gel, a HOG vector of the field and plain
statistics. Controls get the mean colour, the contact's area and strength, four numbers of a sound.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.feature import hog
from torch import nn

from xsense_ros.senses.contact import find_contact
from xsense_ros.senses.press import UNTOUCHED, Press
from xsense_ros.senses.touch_input import TouchInput
from xsense_training.baselines.controls import mean_colours, sound_controls
from xsense_training.data.image import load_image
from xsense_training.data.media import MediaFile
from xsense_training.data.root import cache_folder, require
from xsense_training.data.touch_set import TouchSet
from xsense_training.data.weights import EFFICIENTNET_LITE0
from xsense_training.export.onnx_export import export_onnx
from xsense_training.features import sound_views
from xsense_training.features.frozen_trunk import FrozenTrunk, RobotTrunk
from xsense_training.features.object_rows import Row
from xsense_training.models.efficientnet_lite0 import IMAGE_SIZE, load_imagenet
from xsense_training.models.knock_statistics import KnockStatistics
from xsense_training.models.touch_trunk import TouchTrunk
from xsense_training.recipes.crossnet.gel import FIELD_MM, SIZE, Gel, Image, touch_input
from xsense_training.recipes.crossnet.knocks import MELS, impact_input, impact_trunk, load_knock
from xsense_training.recipes.crossnet.variations import another_frame, another_press

Floats = NDArray[np.floating]
VERSION = 1  # part of the cache key: raise it when a line below changes a row
# What describes a sample: for the towers, for baselines, in a control, without its background.
TOWERS, BASELINES, CONTROLS, RAW = 'towers', 'baselines', 'controls', 'raw'
VIEWS = {'image': 1, 'touch': 2, 'impact': 2}
_HOG_SIDE, _HOG_CELL = 64, 16


@dataclass(frozen=True)
class Describer:
    """Makes the rows of `data.Material`; frozen networks and preprocessing, nothing is fitted."""

    trunk: FrozenTrunk
    touch: TouchTrunk
    felt: RobotTrunk
    impact: KnockStatistics
    gel: Gel

    @classmethod
    def load(cls, root: Path, found: TouchSet) -> Describer:
        """With ImageNet's weights.

        Raises:
            InputError: they have not been fetched.
        """
        network = load_imagenet(require(root, EFFICIENTNET_LITE0, 'weights'))
        touch = TouchTrunk(network)
        path = cache_folder(root, 'trunks') / f'touch-{VERSION}.onnx'
        if not path.exists():
            export_onnx(touch, {'touch': torch.zeros(3, 3, SIZE, SIZE)}, 'features', path)
        return cls(FrozenTrunk.load(root), touch, RobotTrunk(path), impact_trunk(), Gel.of(found))

    def recipe(self, sense: str) -> str:
        """All that rows of a sense depend on besides their files."""
        parts: list[object] = [VERSION, VIEWS[sense], self.trunk.digest]
        if sense == 'image':
            parts.append(self.trunk.image_input.parameters())
        if sense == 'touch':
            frames = sorted((str(unit), f.tobytes()) for unit, f in self.gel.background.items())
            shown = hashlib.sha256(repr(frames).encode()).hexdigest()
            parts += [touch_input().parameters(), shown]
        if sense == 'impact':
            parts += [impact_input().parameters(), sound_views.VERSION]
        return json.dumps(parts)

    def of(self, sense: str) -> Callable[[MediaFile], Row]:
        """What makes the rows of a sense."""
        makers = {'image': self._image, 'touch': self._touch, 'impact': self._impact}
        return makers[sense]

    def _image(self, file: MediaFile) -> Row:
        rgb, rng = load_image(file.path), _randomness(file)
        frames = [rgb, *(another_frame(rgb, rng) for _ in range(VIEWS['image'] - 1))]
        rows = [self.trunk.run(self.trunk.image_input(frame)['image'])[0] for frame in frames]
        return {TOWERS: np.stack(rows), CONTROLS: mean_colours([rgb])}

    def _touch(self, file: MediaFile) -> Row:
        press, rng, given = self.gel.press(file), _randomness(file), touch_input()
        plain = given(press)['touch']
        views = [plain, *(another_press(plain, rng) for _ in range(VIEWS['touch'] - 1))]
        views.append(given(self.gel.press_of_any_unit(file))['touch'])
        rows = self.felt(np.concatenate(views))
        contact, field = find_contact(press), _field(press)
        wide = self.trunk.run(self.trunk.image_input(field)['image'])[0]
        return {
            TOWERS: rows[:-1],
            RAW: rows[-1:],
            BASELINES: np.concatenate([wide, _hog(field), _plain_statistics(field)])[None],
            CONTROLS: np.array([[contact.area_mm2, contact.strength]]),
        }

    def _impact(self, file: MediaFile) -> Row:
        if file.path.suffix == '.npy':
            return {TOWERS: self._spectrogram(np.load(file.path, allow_pickle=False))}
        knock, rng = load_knock(file), _randomness(file)
        heard = impact_input()
        waves = [knock, *(sound_views.recolour(knock, rng) for _ in range(VIEWS['impact'] - 1))]
        windows = np.concatenate([heard(wave)['log_mel'] for wave in waves])
        controls = sound_controls(knock.samples, knock.sample_rate)
        return {TOWERS: _run(self.impact, windows), CONTROLS: controls[None]}

    def _spectrogram(self, found: Floats) -> Floats:
        """A published spectrogram, bands by frames, as if it were a log-mel window."""
        size = (MELS, impact_input().frames)
        window = cv2.resize(np.asarray(found, np.float32).squeeze().T, size)
        return np.repeat(_run(self.impact, window[None, None]), VIEWS['impact'], axis=0)


def _run(module: nn.Module, rows: NDArray[np.generic]) -> NDArray[np.float32]:
    given = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))
    with torch.no_grad():
        return np.asarray(module(given).numpy())


def _randomness(file: MediaFile) -> np.random.Generator:
    """The same views of a file in every run."""
    digest = hashlib.sha256(file.id.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], 'big'))


def _field(press: Press) -> Image:
    """The field of the towers as a picture, grey where nothing touches: uint8 (S, S, 3)."""
    change = TouchInput(IMAGE_SIZE, FIELD_MM, 1.0)(press)['touch'][0] + UNTOUCHED
    return np.ascontiguousarray(change.transpose(1, 2, 0).clip(0, 255), dtype=np.uint8)


def _hog(field: Image) -> Floats:
    """HOG of the field in its place, (324,)."""
    grey = cv2.cvtColor(field, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_HOG_SIDE, _HOG_SIDE), interpolation=cv2.INTER_AREA)
    cell = (_HOG_CELL, _HOG_CELL)
    return np.asarray(hog(small / 255, pixels_per_cell=cell, cells_per_block=(2, 2)), np.float32)


def _plain_statistics(field: Image) -> Floats:
    """Mean, deviation, 10, 50 and 90 % quantiles of every channel and of its gradient, (30,)."""
    small = cv2.resize(field, (_HOG_SIDE, _HOG_SIDE), interpolation=cv2.INTER_AREA)
    change = (small.astype(np.float32) - UNTOUCHED) / 64
    edges = np.hypot(*np.gradient(change, axis=(0, 1)))
    found: list[Floats] = []
    for part in (change, edges):
        flat = part.reshape(-1, 3)
        found += [flat.mean(axis=0), flat.std(axis=0), *np.quantile(flat, (0.1, 0.5, 0.9), axis=0)]
    return np.concatenate(found).astype(np.float32)
