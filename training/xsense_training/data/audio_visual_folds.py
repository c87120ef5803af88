# SPDX-License-Identifier: Apache-2.0
"""Five folds of recordings and pictures by class, pinned in a manifest.

A unit is a recording with all its takes, or a picture; units that share bytes (pictures) or the
recording (sounds) are one. Each class is spread over the folds, the emptiest fold first. What the
sample recording is made of - the Tux Paint stamps that See, Hear, and Read holds out - is in the
held-out fold here, too.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError
from xsense_training.data.folds import FOLDS, HELD_OUT
from xsense_training.data.render import write_atomically
from xsense_training.data.splits import require_disjoint

AUDIO_VISUAL_MANIFEST = Path(__file__).parents[2] / 'splits' / 'audio_visual_folds.json'
MODALITIES = ('recordings', 'pictures')
_REBUILD = 'rebuild it with write_folds, and retrain what was tested on it'


def spread(
    units: Iterable[str],
    class_of: Mapping[str, str],
    linked: Mapping[str, Hashable],
    pinned: Mapping[str, int],
) -> dict[int, dict[str, list[str]]]:
    """Fold -> name of a group of linked units -> its units.

    Args:
        units: names.
        class_of: class of each unit.
        linked: units with equal values here share a fold; those without one stand alone.
        pinned: units whose fold is decided.

    Raises:
        InputError: linked units are of different classes or pinned to different folds.
    """
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for unit in sorted(units):
        groups[linked.get(unit, unit)].append(unit)
    filled: dict[str, Counter[int]] = defaultdict(Counter)
    found: dict[int, dict[str, list[str]]] = {fold: {} for fold in range(FOLDS)}

    def put(group: list[str], fold: int) -> None:
        filled[class_of[group[0]]][fold] += 1
        found[fold][group[0]] = group

    free = []
    for group in groups.values():
        if len({class_of[unit] for unit in group}) > 1:
            raise InputError('units that are the same', group, 'one class', 'correct the classes')
        folds = {pinned[unit] for unit in group if unit in pinned}
        if len(folds) > 1:
            raise InputError('folds of units that are the same', group, 'one fold', _REBUILD)
        if folds:
            put(group, folds.pop())
        else:
            free.append(group)
    for group in sorted(free, key=lambda g: _digest(g[0])):
        name = class_of[group[0]]
        # Small classes start at different folds, so that no fold is left without them.
        start = _digest(name) % FOLDS
        order = [(start + step) % FOLDS for step in range(FOLDS)]
        put(group, min(order, key=lambda fold: filled[name][fold]))
    return found


def write_folds(
    folds: Mapping[str, Mapping[int, Mapping[str, list[str]]]],
    settings: Mapping[int, Mapping[str, Any]],
    path: Path = AUDIO_VISUAL_MANIFEST,
) -> None:
    """Stores the folds of both modalities, and the settings that each fold's takes are heard in.

    Args:
        folds: 'recordings' and 'pictures' -> fold -> group -> units.
        settings: fold -> what no other fold has: tonics, phrases, rooms, microphones.
        path: file to write.
    """
    manifest = {
        'schema_version': 1,
        'rule': 'each class is spread over the folds, the emptiest first; one group per recording '
        'or picture content; stamps that See, Hear, and Read holds out are in fold 0',
        'held_out': HELD_OUT,
        'folds': {
            str(fold): {
                'settings': dict(settings[fold]),
                **{name: dict(sorted(folds[name][fold].items())) for name in MODALITIES},
            }
            for fold in range(FOLDS)
        },
    }
    write_atomically(path, (json.dumps(manifest, indent=1, ensure_ascii=False) + '\n').encode())


def read_folds(path: Path = AUDIO_VISUAL_MANIFEST) -> dict[str, dict[str, int]]:
    """'recordings' and 'pictures' -> unit -> fold.

    Raises:
        InputError: no manifest, a unit or group in two folds, or settings that two folds share.
    """
    try:
        manifest = json.loads(path.read_text('utf-8'))
        folds = {int(number): parts for number, parts in manifest['folds'].items()}
        units = {
            name: {str(fold): parts[name] for fold, parts in folds.items()} for name in MODALITIES
        }
        settings = {
            str(fold): {
                f'{kind} {value}': [f'{kind} {value}']
                for kind, values in parts['settings'].items()
                for value in values
            }
            for fold, parts in folds.items()
        }
        version = manifest['schema_version']
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(
            'audio-visual folds', str(path), 'a JSON file of write_folds',
            'restore it from version control',
        ) from error  # fmt: skip
    if version != 1 or set(folds) != set(range(FOLDS)):
        raise InputError(
            'audio-visual folds', f'version {version}, folds {sorted(folds)}',
            f'version 1, folds 0 to {FOLDS - 1}', _REBUILD,
        )  # fmt: skip
    for parts in (*units.values(), settings):
        require_disjoint(parts, _REBUILD)
    return {
        name: {
            unit: int(fold)
            for fold, groups in parts.items()
            for members in groups.values()
            for unit in members
        }
        for name, parts in units.items()
    }


def _digest(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], 'big')
