# SPDX-License-Identifier: Apache-2.0
"""Where the simulated set keeps its files: the layout of ObjectFolder Benchmark, and more.

    vision/<object>/<instance>.jpg              picture
    touch/<object>/<instance>.png               raw frame of the tactile sensor
    audio/<object>/<instance>.flac              knock, 16 kHz, onset at 20 ms
    audio_spectrogram/<object>/<instance>.npy   log-mel spectrogram of its first second
    background/<unit>.png, <unit>_<k>.png       sensor without contact
    split.json, split_same.json                 {train|val|test: {object: [instance, ...]}}
    objects.json, instances.json                what was drawn
    preview.jpg                                 to look at
    .parts/<object>.json                        what is finished

Objects are named '1', '2', ... and so are their instances.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.data.render import write_atomically

SENSES = {'vision': '.jpg', 'touch': '.png', 'audio': '.flac', 'audio_spectrogram': '.npy'}
PARTS = '.parts'
CONFIGURATION = 'touch-sim.json'


def write_json(path: Path, content: Any) -> None:
    """Writes a file that git and people can read, in one step."""
    write_atomically(path, (json.dumps(content, indent=1, sort_keys=True) + '\n').encode())


def claim(folder: Path, configuration: dict[str, Any]) -> None:
    """Makes the folder, or checks that it holds a run of the same configuration.

    Raises:
        InputError: it holds another configuration, or something else.
    """
    path = folder / CONFIGURATION
    if path.is_file():
        there = json.loads(path.read_text('utf-8'))
        if there != configuration:
            differing = {
                name: there.get(name)
                for name in sorted({*there, *configuration})
                if there.get(name) != configuration.get(name)
            }
            raise InputError(
                f'configuration in {folder}',
                differing,
                f'{ ({name: configuration.get(name) for name in differing}) }',
                'pass the same options to go on, another --out, or remove that folder',
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            'output folder',
            str(folder),
            'an empty folder or one of an earlier run',
            'pass another --out, or remove what is in it',
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, configuration)


def unseen_split(objects: int, seed: int) -> dict[str, list[str]]:
    """Objects of each part, 80/10/10, disjoint: part -> object names in numerical order.

    Every part holds at least one object where there are three.
    """
    order = np.random.default_rng([seed, 4]).permutation(objects) + 1
    held = max(1, round(0.1 * objects)) if objects >= 3 else 0
    parts = {'test': order[:held], 'val': order[held : 2 * held], 'train': order[2 * held :]}
    return {part: [str(name) for name in sorted(parts[part])] for part in ('train', 'val', 'test')}


def same_split(instances: list[str], number: int, seed: int) -> dict[str, list[str]]:
    """Instances of one object in each part, 8/1/1: part -> instance names."""
    order = np.random.default_rng([seed, 5, number]).permutation(len(instances))
    held = max(1, round(0.1 * len(instances))) if len(instances) >= 3 else 0
    parts = {'test': order[:held], 'val': order[held : 2 * held], 'train': order[2 * held :]}
    return {
        part: [instances[at] for at in sorted(parts[part])] for part in ('train', 'val', 'test')
    }
