# SPDX-License-Identifier: Apache-2.0
"""The flat layout of CrossNet: {train,val}/{touch,vision}/FILE, without a folder per object.

The first four characters of a file's name are its object, and the n-th touch belongs to the n-th
picture in order of the names. There is no test part: what is called val there is both what a
model is chosen by and what is reported. Here it is the test part and chooses nothing.
"""

from __future__ import annotations

from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import PICTURES
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.touch_set import TouchSet, protocol_of, touch_file, touch_split

DATASET = 'crossnet-flat'
ID_LENGTH = 4
_FOLDERS = {'train': 'train', 'val': 'test'}  # folder -> part of the split
_CURE = 'arrange the files as {train,val}/{touch,vision}/OBJECT....png, a touch for each picture'


def load_crossnet_flat(root: Path) -> TouchSet:
    """Pairs of a picture and a touch.

    Args:
        root: folder that holds train/ and val/, or test_dataset/ with both.

    Raises:
        InputError: a folder that is missing or empty, a name that is too short to hold an object,
            or a touch and a picture in the same place of the order that show two objects.
    """
    base = root / 'test_dataset' if (root / 'test_dataset').is_dir() else root
    files: list[MediaFile] = []
    names: dict[str, list[str]] = {}
    for folder, part in _FOLDERS.items():
        touches, pictures = (_pictures(base / folder / sense) for sense in ('touch', 'vision'))
        if len(touches) != len(pictures):
            raise InputError(
                f'pairs in {base / folder}',
                f'{len(touches)} touches, {len(pictures)} pictures',
                'as many of one as of the other',
                _CURE,
            )
        for number, (touch, picture) in enumerate(zip(touches, pictures, strict=True)):
            name = _object(touch)
            if name != _object(picture):
                raise InputError(
                    f'pair {number} of {base / folder}',
                    f'{touch.name} and {picture.name}',
                    'one object (the first four characters of both names)',
                    _CURE,
                )
            instance = f'{folder}-{number:05d}'
            names.setdefault(part, []).append(f'{name}/{instance}')
            files.append(touch_file('touch', name, instance, touch))
            files.append(touch_file('image', name, instance, picture))
    split = touch_split(DATASET, 'train/ trains, val/ is tested', names)
    media = MediaSet(DATASET, tuple(sorted(files, key=lambda file: file.id)))
    return TouchSet(media, {protocol_of(split): split})


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError('folder', str(folder), 'a folder of pictures', _CURE)
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)
    if not found:
        raise InputError('pictures', f'none in {folder}', 'at least one', _CURE)
    return found


def _object(path: Path) -> str:
    if len(path.stem) < ID_LENGTH:
        raise InputError('name', path.name, f'at least {ID_LENGTH} characters', _CURE)
    return path.stem[:ID_LENGTH]
