# SPDX-License-Identifier: Apache-2.0
"""The cross-sensory retrieval sets of ObjectFolder (Gao et al. 2023), and touch-sim like them.

Layout: {vision,touch}/OBJECT/INSTANCE.png, audio_spectrogram/OBJECT/INSTANCE.npy and split.json,
{train|val|test: {OBJECT: [INSTANCE]}}. The Benchmark splits 1,000 objects 800/100/100,
ObjectFolder Real the ten instances of each of its 100 objects 8/1/1. touch-sim adds recordings
(audio/OBJECT/INSTANCE.flac, taken instead of spectrograms), split_same.json for the other of the
two questions, background/UNIT.png, instances.json and objects.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import PICTURES, files_by_class, find_part
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.splits import PARTS, Split
from xsense_training.data.touch_set import TouchSet, protocol_of, touch_file, touch_split

DATASET, REAL, SIMULATED = 'objectfolder', 'objectfolder-real', 'touch-sim'
OBJECTS, INSTANCES = 1_000, 100
REAL_OBJECTS, REAL_INSTANCES = 100, 10
RECORDINGS = ('.flac', '.wav', '.ogg')
# Sense -> the places where it may lie, the first of them wins, and its files there.
_PLACES = {
    'image': (('vision', PICTURES),),
    'touch': (('touch', PICTURES),),
    'impact': (('audio', RECORDINGS), ('audio_spectrogram', ('.npy',))),
}
_SPLITS = ('split.json', 'split_same.json')


def load_object_folder(root: Path, dataset: str = DATASET) -> TouchSet:
    """Pictures, touches and knocks of every instance in a split or with details.

    Args:
        root: folder that holds vision/, touch/ and split.json.
        dataset: its name, for errors and reports.

    Raises:
        InputError: names what is missing: a folder, a listed file, a background; or a split that
            is none, or that mixes seen and unseen objects.
    """
    cure = (
        'xsense-train data make touch-sim'
        if dataset == SIMULATED
        else f'unpack vision/, touch/, audio_spectrogram/ and split.json of {dataset} here'
    )
    find_part(root, _SPLITS[:1], f'split of {dataset}', cure)
    splits = [_split(root / name, dataset, cure) for name in _SPLITS if (root / name).exists()]
    details = {
        f'{name}/{instance}': about
        for name, of_object in _object(root / 'instances.json', cure).items()
        for instance, about in of_object.items()
    }
    # touch-sim describes instances that belong to no part: those of sensors nobody trains with.
    listed = {name for split in splits for part in PARTS for name in split.parts[part]}
    listed |= details.keys()
    files: list[MediaFile] = []
    for sense, places in _PLACES.items():
        there = [place for place in places if (root / place[0]).is_dir()]
        if there:
            files += _files(sense, root / there[0][0], there[0][1], listed, cure)
        elif sense != 'impact':
            find_part(root, [place for place, _ in places], f'{sense} of {dataset}', cure)
    return TouchSet(
        MediaSet(dataset, tuple(sorted(files, key=lambda file: file.id))),
        {protocol_of(split): split for split in splits},
        details,
        _backgrounds(root / 'background', details, cure),
        _object(root / 'objects.json', cure),
    )


def _split(path: Path, dataset: str, cure: str) -> Split:
    try:
        lists = {part: _object(path, cure)[part] for part in PARTS}
        names = {
            part: [f'{name}/{number}' for name, numbers in of.items() for number in numbers]
            for part, of in lists.items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            'split', str(path), '{train|val|test: {OBJECT: [INSTANCE]}}', cure
        ) from error
    return touch_split(dataset, f'as {path.name} lists it', names)


def _files(
    sense: str, folder: Path, suffixes: tuple[str, ...], listed: set[str], cure: str
) -> list[MediaFile]:
    found = [
        touch_file(sense, name, path.stem, path)
        for name, paths in files_by_class(folder, suffixes).items()
        for path in paths
    ]
    missing = sorted(listed - {file.concept for file in found})
    if missing:
        raise InputError(
            f'{len(missing)} listed instances without a file in {folder}',
            missing[:3],
            'none',
            cure,
        )
    return [file for file in found if file.concept in listed]


def _backgrounds(
    folder: Path, details: Mapping[str, Mapping[str, Any]], cure: str
) -> dict[str, list[Path]]:
    """Frames of each unit that felt something: UNIT.png first, then UNIT_*.png."""
    units = sorted({str(about['unit']) for about in details.values() if 'unit' in about})
    frames = sorted(p for p in folder.glob('*') if p.suffix in PICTURES)
    found = {
        unit: [p for p in frames if p.stem == unit]
        + [p for p in frames if p.stem.startswith(f'{unit}_')]
        for unit in units
    }
    bare = [unit for unit, paths in found.items() if not paths]
    if bare:
        raise InputError(f'sensor units without a frame in {folder}', bare, 'UNIT.png', cure)
    return found


def _object(path: Path, cure: str) -> dict[str, Any]:
    """Contents of a JSON file; nothing where there is none."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text('utf-8'))
    except ValueError as error:
        raise InputError('file', str(path), 'JSON', cure) from error
    if not isinstance(found, dict):
        raise InputError('contents', str(path), 'a JSON object', cure)
    return found
