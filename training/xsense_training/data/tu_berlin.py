# SPDX-License-Identifier: Apache-2.0
"""TU-Berlin: 250 classes of 80 sketches (Eitz et al. 2012) with photographs (Zhang et al. 2016).

Layout: png/CLASS/*.png (or sketches/CLASS/*.png) and ImageResized/CLASS/*.jpg. A sketch belongs to
a class and not to a photograph: there are no instance pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import files_by_class, find_part
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.semantics import words_of
from xsense_training.data.splits import Split, read_split, shuffled_classes, split_by_class

DATASET = 'tu-berlin'
# Publications count 204,489 photographs, code that reads the folder 204,071.
CLASSES, PHOTOS, SKETCHES = 250, 204_071, 20_000
VALIDATION = 20
MIN_PHOTOS = 400
_SKETCHES = ('png', 'sketches')
_PHOTOS = ('ImageResized', 'photos')
_CURE = 'unpack the sketches (png/) and the extended photographs (ImageResized/) into this folder'


def load_tu_berlin(root: Path) -> MediaSet:
    """Photographs (modality 'image') and sketches; every file is a concept of its own.

    The class is the name of the folder of sketches. A folder of photographs may spell it in
    another way ('hot_air_balloon' for 'hot air balloon'): the words decide.

    Raises:
        InputError: names what is missing: a folder, or the classes that only one of the two has.
    """
    sketches = files_by_class(find_part(root, _SKETCHES, 'sketches of TU-Berlin', _CURE))
    photos = files_by_class(find_part(root, _PHOTOS, 'photos of TU-Berlin', _CURE))
    spelling = _by_words(sketches)
    spelled = _by_words(photos)
    odd = sorted(' '.join(words) for words in spelling.keys() ^ spelled.keys())
    if odd:
        raise InputError('classes of TU-Berlin in one pool only', odd, 'none', _CURE)
    files = [
        _file('sketch', label, path) for label, drawings in sketches.items() for path in drawings
    ]
    files += [
        _file('image', spelling[words], path)
        for words, folder in spelled.items()
        for path in photos[folder]
    ]
    return MediaSet(DATASET, tuple(sorted(files, key=lambda file: file.id)))


def tu_berlin_split(
    media: MediaSet, manifest: Path | None = None, seed: int = 0, min_photos: int = MIN_PHOTOS
) -> Split:
    """220/30 classes; 20 of the 220 validate.

    Args:
        media: of load_tu_berlin.
        manifest: a split of write_split; None draws one. Publications draw theirs at random, so
            numbers are only comparable with the same seed or manifest.
        seed: of what is drawn.
        min_photos: only classes with so many photographs are tested on; 0 for no such rule.

    Raises:
        InputError: a manifest that does not fit, or fewer than 30 classes with enough photographs.
    """
    if manifest is not None:
        split = read_split(manifest, DATASET)
        split.require_ids(media.class_of)
        return split
    counts = media.counts()['image']
    rich = sorted(name for name in media.classes if counts[name] >= min_photos)
    if len(rich) < 30:
        raise InputError(
            f'classes with at least {min_photos} photos', len(rich), '30', 'lower min_photos'
        )
    test = shuffled_classes(rich, (len(rich) - 30, 0, 30), seed)['test']
    seen = set(media.classes) - set(test)
    drawn = shuffled_classes(seen, (220 - VALIDATION, VALIDATION, 0), seed)
    rule = f'220/30 classes by SHA-256, seed {seed}; at least {min_photos} photos in test'
    return split_by_class(DATASET, media.class_of, {**drawn, 'test': test}, rule)


def _by_words(folders: Iterable[str]) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for folder in folders:
        other = found.setdefault(words_of(folder), folder)
        if other != folder:
            raise InputError(
                'classes with the same words', (other, folder), 'one folder per class', _CURE
            )
    return found


def _file(modality: str, label: str, path: Path) -> MediaFile:
    name = f'{modality}/{label}/{path.stem}'
    return MediaFile(name, path, modality, label, name)
