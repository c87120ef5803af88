# SPDX-License-Identifier: Apache-2.0
"""Public data sets by name: how each is read, and how much of it there should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xsense_training.data import (
    ave,
    crossnet_flat,
    folder_pairs,
    m3fd,
    mv10k,
    object_folder,
    sketchy,
    touch_folders,
    tu_berlin,
    vegas,
)
from xsense_training.data.ave import load_ave
from xsense_training.data.class_folders import PICTURES
from xsense_training.data.clip_features import ClipSet
from xsense_training.data.crossnet_flat import load_crossnet_flat
from xsense_training.data.cub import CAPTIONS, load_cub
from xsense_training.data.folder_pairs import folder_pairs_split, load_folder_pairs
from xsense_training.data.m3fd import load_cropped, load_m3fd, split_by_sequence
from xsense_training.data.media import MediaSet
from xsense_training.data.mv10k import load_mv10k
from xsense_training.data.object_folder import load_object_folder
from xsense_training.data.sketchy import load_sketchy, sketchy_split
from xsense_training.data.splits import Split
from xsense_training.data.touch_folders import load_touch_folders
from xsense_training.data.touch_set import SENSES, UNSEEN, TouchSet
from xsense_training.data.tu_berlin import load_tu_berlin, tu_berlin_split
from xsense_training.data.vegas import load_vegas


@dataclass(frozen=True)
class Contents:
    """What was found of a data set.

    Attributes:
        counts: kind ('image', 'caption') -> class -> number.
        split: draws its default split, which checks that it can be drawn.
        pictures: every picture or sketch.
    """

    counts: Mapping[str, Mapping[str, int]]
    split: Callable[[], Split]
    pictures: tuple[Path, ...] = ()

    def total(self, kind: str) -> int:
        """Number over all classes; of 'classes' the number of classes."""
        if kind == 'classes':
            return max(len(of_class) for of_class in self.counts.values())
        return sum(self.counts[kind].values())


@dataclass(frozen=True)
class PublicSet:
    """A data set that users bring.

    Attributes:
        inspect: reads the folder or file and counts.
        complete: kind -> number in the complete set; empty where that is not known.
    """

    inspect: Callable[[Path], Contents]
    complete: Mapping[str, int] = field(default_factory=dict)


def _media(media: MediaSet, split: Callable[[MediaSet], Split]) -> Contents:
    pictures = tuple(f.path for f in media.files if f.path.suffix.lower() in PICTURES)
    return Contents(media.counts(), lambda: split(media), pictures)


def _clips(clips: ClipSet) -> Contents:
    counts = Counter(clips.classes[label] for label in clips.sound.label)
    return Contents({'clip': counts}, clips.split)


def _cub(root: Path) -> Contents:
    concepts, split = load_cub(root)
    images = Counter(concept.category for concept in concepts)
    captions: Counter[str] = Counter()
    for concept in concepts:
        captions[concept.category] += len(concept.texts)
    pictures = tuple(path for concept in concepts for path in concept.images)
    return Contents({'image': images, 'caption': captions}, lambda: split, pictures)


def _touch(touches: TouchSet) -> Contents:
    found = touches.media.counts()
    split = touches.splits.get(UNSEEN) or next(iter(touches.splits.values()))
    pictures = tuple(f.path for sense in ('image', 'touch') for f in touches.of(sense))
    return Contents(
        {sense: found.get(sense, Counter()) for sense in SENSES}, lambda: split, pictures
    )


def _m3fd(root: Path) -> Contents:
    pairs = load_m3fd(root, least=0.0)
    counts = {
        'pair': {'all pictures': len(pairs.names)},
        'box': Counter(target.label for target in pairs.targets),
    }
    return Contents(counts, lambda: split_by_sequence(pairs), m3fd.pictures(root))


def _m3fd_cropped(root: Path) -> Contents:
    counts = {
        part: {'all targets': len(load_cropped(root, part).names)} for part in m3fd.CROPPED_PARTS
    }
    pairs = load_cropped(root)
    return Contents(counts, lambda: split_by_sequence(pairs), m3fd.cropped_pictures(root))


def _each(objects: int, instances: int) -> dict[str, int]:
    return {'classes': objects} | dict.fromkeys(SENSES, objects * instances)


PUBLIC_SETS: Mapping[str, PublicSet] = {
    sketchy.DATASET: PublicSet(
        lambda root: _media(load_sketchy(root), sketchy_split),
        {'classes': sketchy.CLASSES, 'image': sketchy.PHOTOS, 'sketch': sketchy.SKETCHES},
    ),
    tu_berlin.DATASET: PublicSet(
        lambda root: _media(load_tu_berlin(root), tu_berlin_split),
        {'classes': tu_berlin.CLASSES, 'image': tu_berlin.PHOTOS, 'sketch': tu_berlin.SKETCHES},
    ),
    'cub': PublicSet(_cub, {'classes': 200, 'image': 11_788, 'caption': 11_788 * CAPTIONS}),
    vegas.DATASET: PublicSet(
        lambda root: _clips(load_vegas(root)), {'classes': vegas.CLASSES, 'clip': vegas.CLIPS}
    ),
    ave.DATASET: PublicSet(lambda root: _clips(load_ave(root)), {'classes': ave.CLASSES}),
    mv10k.DATASET: PublicSet(lambda root: _clips(load_mv10k(root))),
    folder_pairs.DATASET: PublicSet(
        lambda root: _media(load_folder_pairs(root), folder_pairs_split)
    ),
    m3fd.DATASET: PublicSet(_m3fd, {'pair': m3fd.PAIRS, 'box': m3fd.BOXES}),
    f'{m3fd.DATASET}-cropped': PublicSet(_m3fd_cropped),
    object_folder.DATASET: PublicSet(
        lambda root: _touch(load_object_folder(root)),
        _each(object_folder.OBJECTS, object_folder.INSTANCES),
    ),
    object_folder.REAL: PublicSet(
        lambda root: _touch(load_object_folder(root, object_folder.REAL)),
        _each(object_folder.REAL_OBJECTS, object_folder.REAL_INSTANCES),
    ),
    object_folder.SIMULATED: PublicSet(
        lambda root: _touch(load_object_folder(root, object_folder.SIMULATED))
    ),
    crossnet_flat.DATASET: PublicSet(lambda root: _touch(load_crossnet_flat(root))),
    touch_folders.DATASET: PublicSet(lambda root: _touch(load_touch_folders(root))),
}
