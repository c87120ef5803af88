# SPDX-License-Identifier: Apache-2.0
"""Any touches and pictures in a folder per object.

ROOT/OBJECT/SENSE/FILE or ROOT/SENSE/OBJECT/FILE, where SENSE is 'image' or 'vision', 'touch', and
where there are recordings of knocks 'impact' or 'audio'. ROOT/SENSE/{train,test}/OBJECT/FILE keeps
the split of the folders (and val/, if it is there); otherwise both splits are drawn.
"""

from __future__ import annotations

from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import PICTURES, files_by_class
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.object_folder import RECORDINGS
from xsense_training.data.splits import PARTS
from xsense_training.data.touch_set import (
    SAME,
    SENSES,
    UNSEEN,
    TouchSet,
    protocol_of,
    same_split,
    touch_file,
    touch_split,
    unseen_split,
)

DATASET = 'touch-folders'
_SENSE = {'image': 'image', 'vision': 'image', 'touch': 'touch', 'impact': 'impact'} | {
    'audio': 'impact'
}
_CURE = 'arrange the files as ROOT/OBJECT/{vision,touch[,audio]}/FILE'


def load_touch_folders(root: Path, seed: int = 0) -> TouchSet:
    """Files of each object by sense.

    Args:
        root: folder with a folder per object, or with a folder per sense.
        seed: of the splits, where the folders have none.

    Raises:
        InputError: no such folder, no pictures or no touches, an object without one of the
            senses, or too few objects or instances to split.
    """
    by_sense = [f for f in _folders(root) if f.name in _SENSE]
    if by_sense:
        given = {part for f in by_sense for part in PARTS if (f / part).is_dir()}
        files, names = _of_senses(by_sense, sorted(given))
    else:
        files = [file for folder in _folders(root) for file in _of_object(folder)]
        given, names = set(), {}
    media = MediaSet(DATASET, tuple(sorted(files, key=lambda file: file.id)))
    _require_senses(media)
    if given:
        split = touch_split(DATASET, 'as the folders have it', names)
        return TouchSet(media, {protocol_of(split): split})
    splits = {UNSEEN: unseen_split(media, seed), SAME: same_split(media, seed)}
    return TouchSet(media, splits)


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise InputError('folder', str(root), 'a folder per object', _CURE)
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith('.'))


def _of_senses(
    folders: list[Path], parts: list[str]
) -> tuple[list[MediaFile], dict[str, list[str]]]:
    """Files, and the concepts of each part that has folders."""
    files: list[MediaFile] = []
    names: dict[str, list[str]] = {}
    for folder in folders:
        sense = _SENSE[folder.name]
        for part in parts or ['']:
            for name, paths in files_by_class(folder / part, _endings(sense)).items():
                # Two parts may use one file name for two instances.
                stem = f'{part}-' if part else ''
                found = [touch_file(sense, name, f'{stem}{path.stem}', path) for path in paths]
                files += found
                names.setdefault(part, []).extend(file.concept for file in found)
    return files, {part: sorted(set(concepts)) for part, concepts in names.items()}


def _of_object(folder: Path) -> list[MediaFile]:
    return [
        touch_file(_SENSE[sense], folder.name, path.stem, path)
        for sense, paths in files_by_class(folder, None).items()
        if sense in _SENSE
        for path in paths
        if path.suffix.lower() in _endings(_SENSE[sense])
    ]


def _endings(sense: str) -> tuple[str, ...]:
    return RECORDINGS if sense == 'impact' else PICTURES


def _require_senses(media: MediaSet) -> None:
    counts = media.counts()
    for sense in SENSES:
        if sense not in counts and sense != 'impact':
            raise InputError(f'{sense} of {media.dataset}', 'no file', 'at least one', _CURE)
        lacking = sorted(set(media.classes) - set(counts.get(sense, media.classes)))
        if lacking:
            raise InputError(f'objects without {sense}', lacking, 'none', _CURE)
