# SPDX-License-Identifier: Apache-2.0
"""Any two modalities in folders per class: ROOT/MODALITY/CLASS/FILE.

Files of one class with the same stem in both modalities ('sketch/cat/7.png', 'image/cat/7.jpg')
show the same thing; a file without such a partner is paired by its class alone.
"""

from __future__ import annotations

from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import files_by_class
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.splits import (
    Split,
    proportional,
    read_split,
    shuffled_classes,
    split_by_class,
)

DATASET = 'folders'
_CURE = 'arrange the files as ROOT/MODALITY/CLASS/FILE'


def load_folder_pairs(root: Path, modalities: tuple[str, str] | None = None) -> MediaSet:
    """Files of two modalities.

    Args:
        root: folder with a folder per modality.
        modalities: their names; None takes the two folders that are there.

    Raises:
        InputError: not two modalities, a class that one of them lacks, a class without a file, or
            two files of a class with one stem.
    """
    names = modalities or _modalities(root)
    found = {name: files_by_class(root / name, suffixes=None) for name in names}
    one, other = (set(found[name]) for name in names)
    if one ^ other:
        raise InputError(
            f'classes of {root} in one modality only', sorted(one ^ other), 'none', _CURE
        )
    files = []
    for name in names:
        partner = found[names[1] if name == names[0] else names[0]]
        for label, paths in found[name].items():
            shared = {path.stem for path in partner[label]}
            for path in paths:
                own = f'{name}/{label}/{path.stem}'
                concept = f'{label}/{path.stem}' if path.stem in shared else own
                files.append(MediaFile(own, path, name, label, concept))
    return MediaSet(DATASET, tuple(sorted(files, key=lambda file: file.id)))


def folder_pairs_split(media: MediaSet, manifest: Path | None = None, seed: int = 0) -> Split:
    """Class-disjoint split: the manifest, or 3/5, 1/5 and 1/5 of the classes by seed.

    Raises:
        InputError: a manifest that does not fit, or too few classes.
    """
    if manifest is not None:
        split = read_split(manifest)
        split.require_ids(media.class_of)
        return split
    sizes = proportional(len(media.classes), (3, 1, 1))
    if min(sizes) < 1:
        raise InputError('number of classes', len(media.classes), 'at least 5', 'pass a manifest')
    drawn = shuffled_classes(media.classes, sizes, seed)
    rule = f'{"/".join(map(str, sizes))} classes by SHA-256, seed {seed}'
    return split_by_class(media.dataset, media.class_of, drawn, rule)


def _modalities(root: Path) -> tuple[str, str]:
    if not root.is_dir():
        raise InputError('folder', str(root), 'a folder with two modalities', _CURE)
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith('.'))
    if len(names) != 2:
        raise InputError(f'modalities in {root}', names, 'two folders', 'name the two to take')
    return names[0], names[1]
