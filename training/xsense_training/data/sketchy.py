# SPDX-License-Identifier: Apache-2.0
"""Sketchy: sketches that were drawn from photographs, 125 classes (Sangkloy et al. 2016).

Layout: [256x256/]photo/tx_000000000000/CLASS/PHOTO.jpg and
[256x256/]sketch/tx_000000000000/CLASS/PHOTO-N.png, the N-th sketch of that photograph; where it
is wanted, the extended photo pool EXTEND_image_sketchy/CLASS/*.jpg (Liu et al. 2017).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import files_by_class, find_part
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.splits import Split, read_split, shuffled_classes, split_by_class

DATASET = 'sketchy'
CLASSES, PHOTOS, SKETCHES = 125, 12_500, 75_471
VALIDATION = 10
# Classes that are not among the 1,000 of ImageNet, so that a trunk trained there has not seen
# them either (Yelamarthi et al. 2018).
UNSEEN_21 = (
    'bat',
    'cabin',
    'cow',
    'dolphin',
    'door',
    'giraffe',
    'helicopter',
    'mouse',
    'pear',
    'raccoon',
    'rhinoceros',
    'saw',
    'scissors',
    'seagull',
    'skyscraper',
    'songbird',
    'sword',
    'tree',
    'wheelchair',
    'windmill',
    'window',
)
_PLAIN = 'tx_000000000000'
_EXTENDED = ('EXTEND_image_sketchy', 'extended_photo')
_CURE = 'unpack rendered_256x256 of the Sketchy database into this folder'


def load_sketchy(root: Path, extended: bool = False) -> MediaSet:
    """Photographs (modality 'image') and sketches, with the photograph of each sketch as concept.

    Args:
        root: folder that holds photo/ and sketch/, or 256x256/ with both.
        extended: add the extended photo pool; its photographs have no sketches, and those that
            are in the original pool, too, are taken once.

    Raises:
        InputError: names what is missing: a folder, a class in one of the two, the photograph of
            a sketch.
    """
    base = root / '256x256' if (root / '256x256').is_dir() else root
    photos = files_by_class(find_part(base, (f'photo/{_PLAIN}',), 'photos of Sketchy', _CURE))
    sketches = files_by_class(
        find_part(base, (f'sketch/{_PLAIN}',), 'sketches of Sketchy', _CURE), ('.png',)
    )
    _same_classes(photos, sketches)
    files = []
    for label, pictures in photos.items():
        names = {picture.stem for picture in pictures}
        files += [_file('image', label, picture, picture.stem) for picture in pictures]
        orphans = [s.name for s in sketches[label] if photo_of(s.stem) not in names]
        if orphans:
            raise InputError(
                f'{len(orphans)} sketches of {label} without their photo',
                orphans[:3],
                'PHOTO-N.png beside photo/.../PHOTO.jpg',
                _CURE,
            )
        files += [_file('sketch', label, s, photo_of(s.stem)) for s in sketches[label]]
    if extended:
        more = files_by_class(find_part(root, _EXTENDED, 'extended photos of Sketchy', _CURE))
        _same_classes(photos, more)
        for label, pictures in more.items():
            names = {picture.stem for picture in photos[label]}
            files += [_file('image', label, p, p.stem) for p in pictures if p.stem not in names]
    return MediaSet(DATASET, tuple(sorted(files, key=lambda file: file.id)))


def sketchy_split(media: MediaSet, which: str | Path = '104/21', seed: int = 0) -> Split:
    """Class-disjoint split; 10 of the classes that are not tested on validate.

    Args:
        media: of load_sketchy.
        which: '104/21' tests on UNSEEN_21; '100/25' on 25 classes by seed (the lists of the
            publications are random draws as well and differ from each other, so numbers of this
            split are only comparable with the same seed or manifest); or the path of a manifest.
        seed: of what is drawn.

    Raises:
        InputError: an unknown split, or one that the classes do not fit.
    """
    if isinstance(which, Path):
        split = read_split(which, DATASET)
        split.require_ids(media.class_of)
        return split
    if which == '100/25':
        drawn = shuffled_classes(media.classes, (100 - VALIDATION, VALIDATION, 25), seed)
        return split_by_class(
            DATASET, media.class_of, drawn, f'100/25 classes by SHA-256, seed {seed}'
        )
    if which == '104/21':
        seen = sorted(set(media.classes) - set(UNSEEN_21))
        drawn = shuffled_classes(seen, (104 - VALIDATION, VALIDATION, 0), seed)
        return split_by_class(
            DATASET,
            media.class_of,
            {**drawn, 'test': list(UNSEEN_21)},
            f'104 classes against 21 that are not in ImageNet; validation by seed {seed}',
        )
    raise InputError('split of Sketchy', which, "'100/25', '104/21' or a Path", 'correct it')


def photo_of(sketch: str) -> str:
    """Name of the photograph that a sketch was drawn from.

    >>> photo_of('n02691156_10151-3')
    'n02691156_10151'
    """
    return sketch.rpartition('-')[0]


def _file(modality: str, label: str, path: Path, photo: str) -> MediaFile:
    return MediaFile(f'{modality}/{label}/{path.stem}', path, modality, label, f'{label}/{photo}')


def _same_classes(photos: Iterable[str], others: Iterable[str]) -> None:
    odd = sorted(set(photos) ^ set(others))
    if odd:
        raise InputError('classes of Sketchy in one pool only', odd, 'none', _CURE)
