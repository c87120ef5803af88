# SPDX-License-Identifier: Apache-2.0
"""A small set of touched things: descriptions that tell objects apart, and files on disk."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import soundfile

from xsense_training.data.media import MediaSet
from xsense_training.data.touch_set import SENSES, TouchSet, same_split, touch_file, unseen_split
from xsense_training.recipes.crossnet.data import Material, Table
from xsense_training.recipes.crossnet.describe import BASELINES, CONTROLS, RAW, TOWERS, Describer

OBJECTS, INSTANCES = 20, 8
WIDTH = {'image': 24, 'touch': 20, 'impact': 16}
STRANGE = '8'  # the instance of every object that an unseen unit felt


def made_set() -> TouchSet:
    """OBJECTS objects with INSTANCES instances each, both splits; files that do not exist."""
    files = [
        touch_file(sense, f'o{number:02d}', str(i + 1), Path(f'{sense}/{number}/{i}.png'))
        for sense in SENSES
        for number in range(OBJECTS)
        for i in range(INSTANCES)
    ]
    media = MediaSet('made', tuple(sorted(files, key=lambda file: file.id)))
    details = {
        file.concept: {'unit': '9' if strange else '0', 'unseen_unit': strange}
        for file in files
        for strange in [file.concept.endswith(f'/{STRANGE}')]
    }
    usable = MediaSet(
        'made', tuple(f for f in media.files if not details[f.concept]['unseen_unit'])
    )
    splits = {'unseen objects': unseen_split(usable), 'same objects': same_split(usable)}
    return TouchSet(media, splits, details)


def made_material(noise: float = 1.0) -> Material:
    """Descriptions that follow from one latent of every object, told by all senses."""
    found = made_set()
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(OBJECTS, 6))
    number = {name: i for i, name in enumerate(found.media.classes)}
    rows: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in (TOWERS, BASELINES)}
    files = {sense: found.of(sense) for sense in SENSES}
    for sense, own in files.items():
        mixing = rng.normal(size=(6, WIDTH[sense]))
        told = latent[[number[file.label] for file in own]] @ mixing
        views = told[:, None] + noise * rng.normal(size=(len(own), 2, WIDTH[sense]))
        rows[TOWERS][sense] = views.astype(np.float32)
        rows[BASELINES][sense] = views[:, :1].astype(np.float32)
    plain = {sense: table[:, :1, :3] for sense, table in rows[TOWERS].items()}
    raw = {**rows[TOWERS], 'touch': rows[TOWERS]['touch'][:, :1]}
    tables = {kind: Table(own) for kind, own in rows.items()}
    tables |= {CONTROLS: Table(plain), RAW: Table(raw)}
    given = {TOWERS: frozenset(SENSES), CONTROLS: frozenset(SENSES), RAW: frozenset(['touch'])}
    return Material(found, files, tables, Describer.__new__(Describer), given)


def write_tree(root: Path, objects: int = 10, instances: int = 3, sounds: bool = True) -> Path:
    """touch-sim's layout with pictures, coloured gel frames and decaying tones."""
    rng = np.random.default_rng(0)
    split: dict[str, dict[str, list[str]]] = {'train': {}, 'val': {}, 'test': {}}
    details: dict[str, dict[str, dict[str, object]]] = {}
    parts = ['val', 'test', *['train'] * (objects - 2)]
    gel = np.full((240, 320, 3), (90, 110, 140), np.uint8)
    _write(root / 'background' / 'a.png', gel)
    for number in range(1, objects + 1):
        name = str(number)
        for i in range(1, instances + 1):
            _write(root / 'vision' / name / f'{i}.jpg', rng.integers(0, 255, (64, 64, 3)))
            frame = gel.copy()
            cv2.circle(frame, (160, 120), 10 + 4 * number, (150, 60 + 5 * i, 90), -1)
            _write(root / 'touch' / name / f'{i}.png', frame)
            if sounds:
                t = np.arange(round(1.2 * 16000)) / 16000
                tone = np.sin(2 * np.pi * (200 + 150 * number) * t) * np.exp(-(5 + i) * t)
                path = root / 'audio' / name / f'{i}.flac'
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, 0.5 * tone, 16000)
        split[parts[number - 1]][name] = [str(i) for i in range(1, instances + 1)]
        details[name] = {
            str(i): {'unit': 'a', 'unseen_unit': False} for i in range(1, instances + 1)
        }
    (root / 'split.json').write_text(json.dumps(split))
    (root / 'instances.json').write_text(json.dumps(details))
    return root


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels.astype(np.uint8))
