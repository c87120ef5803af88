# SPDX-License-Identifier: Apache-2.0
"""M3FD: 4,200 registered pairs of visible and infrared street scenes with boxes (TarDAL, 2022).

Two layouts are read:

- the one of the data set's own code, here or in m3fd/: vi/*.png, ir/*.png, labels/*.txt (YOLO:
  class, middle x, y, width, height in shares of the image) and, if there,
  meta/{train,val,pred}.txt, a name a line. Those lists are checked but not split by: they are
  drawn picture by picture, with the frame before and after a tested one in training;
- the preprocessed one of heterologous matching, here or in Data/m3fd/:
  {train,test}/{vis,lwir}/NAME.png, 511 x 511 pixels with the target in the middle, and gt.json
  {NAME: [x, y, width, height]}, whose x and y its own code overwrites with 255 - width / 2 and
  255 - height / 2.

There is no official split, and neighbouring frames are nearly the same picture, so pairs are split
by sequence. The files say nothing of drives. What is taken for one is a run of consecutive numbers
of at most 50 frames: where no number is missing the whole set would else be a single run that
cannot be split, and 50 leave some 80 runs to draw from. Pictures on both sides of a cut can still
be of one drive. Whoever knows the drives writes them into sequences.txt (beside labels/, or beside
train/ and test/): a picture's name without its ending and the name of its sequence on each line,
every picture once; it then takes the place of the runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import PICTURES, find_part, read_lines
from xsense_training.data.image import load_image
from xsense_training.data.registered_pair import PairSet, RegisteredPair, Target, grey
from xsense_training.data.splits import PARTS, Split

DATASET = 'm3fd'
PAIRS, BOXES = 4200, 34_407
# In the order of the numbers in the labels.
CLASSES = ('People', 'Car', 'Bus', 'Lamp', 'Motorcycle', 'Truck')
CROPPED = 511  # pixels of the preprocessed pictures
CROPPED_PARTS = ('train', 'test')
_MIN_SIDE = 10.0  # of a target, in pixels: what the robot takes as a template
_LONGEST = 50  # frames of a sequence
_SEQUENCES = 'sequences.txt'
_CURE = 'unpack M3FD so that vi/, ir/ and labels/ lie in this folder'


def load_m3fd(root: Path, least: float = _MIN_SIDE) -> PairSet:
    """Pairs and targets in the data set's own layout; pictures are read when they are asked for.

    Boxes that reach out of the picture are cut at its edge.

    Args:
        root: folder of the set.
        least: pixels; boxes narrower or lower are left out.

    Raises:
        InputError: a folder is missing, a pair has one half only, a label file is not one, or a
            list of meta/ or sequences.txt does not fit the pictures.
    """
    visible, infrared, labels = _folders(root)
    odd = sorted(visible.keys() ^ infrared.keys())
    if odd or not visible:
        raise InputError('pairs of M3FD with one half only', odd[:5] or 'no pair', 'none', _CURE)
    names = tuple(sorted(visible, key=_order))
    for path in sorted((labels.parent / 'meta').glob('*.txt')):
        listed = [Path(line).stem for line in read_lines(path)]
        absent = [name for name in listed if name not in visible]
        if absent:
            raise InputError(f'names in {path}', absent[:5], 'names of pictures', _CURE)

    def load(number: int) -> RegisteredPair:
        name = names[number]
        return _pair(name, visible[name], infrared[name])

    targets = tuple(
        target
        for number, name in enumerate(names)
        for target in _yolo(labels / f'{name}.txt', number, visible[name], least)
    )
    return PairSet(DATASET, names, load, targets, _sequences(labels.parent, names))


def load_cropped(root: Path, part: str | None = None) -> PairSet:
    """The preprocessed layout: one part, or both together to split them by sequence.

    Args:
        root: folder of the set.
        part: 'train' or 'test', as it was published (pictures of one sequence may lie in both);
            None for all of it.

    Raises:
        InputError: the folder or gt.json is missing, or a picture of it, a name lies in both
            parts, or sequences.txt does not fit the pictures.
    """
    folders = {p: _part(root, p) for p in (CROPPED_PARTS if part is None else (part,))}
    shapes: dict[str, list[float]] = {}
    visible: dict[str, Path] = {}
    infrared: dict[str, Path] = {}
    for folder in folders.values():
        truth = _truth(folder)
        seen, warm = (_pictures(folder / name) for name in ('vis', 'lwir'))
        missing = sorted(truth.keys() - (seen.keys() & warm.keys()))
        if missing or not truth:
            raise InputError(
                'pictures of gt.json', missing[:5] or 'empty', 'NAME.png in vis/ and lwir/', _CURE
            )
        twice = sorted(truth.keys() & shapes.keys())
        if twice:
            raise InputError('names in train and in test', twice[:5], 'each in one', _CURE)
        shapes |= truth
        visible |= seen
        infrared |= warm
    names = tuple(sorted(shapes, key=_order))
    middle = CROPPED / 2  # the middle of pixel 255
    targets = tuple(
        Target(i, (middle - w / 2, middle - h / 2, w, h))
        for i, (w, h) in enumerate(shapes[name][2:] for name in names)
    )

    def load(number: int) -> RegisteredPair:
        name = names[number]
        return _pair(name, visible[name], infrared[name])

    # NAME is <image>_<number of the target>: all targets of an image are of its sequence.
    images = {name: name.rpartition('_')[0] or name for name in names}
    drives = next(iter(folders.values())).parent
    run = _sequences(drives, tuple(sorted(set(images.values()), key=_order)))
    sequence = {name: run[images[name]] for name in names}
    return PairSet(f'{DATASET} cropped', names, load, targets, sequence)


def pictures(root: Path) -> tuple[Path, ...]:
    """Files of both sensors, in the data set's own layout."""
    visible, infrared, _ = _folders(root)
    return (*visible.values(), *infrared.values())


def cropped_pictures(root: Path) -> tuple[Path, ...]:
    """Files of both sensors, in the preprocessed layout."""
    folders = (_part(root, part) / name for part in CROPPED_PARTS for name in ('vis', 'lwir'))
    return tuple(path for folder in folders for path in _pictures(folder).values())


def homologous(pairs: PairSet) -> PairSet:
    """The same set with the visible image searched in place of the infrared one: a control."""

    def load(number: int) -> RegisteredPair:
        pair = pairs.load(number)
        searched = np.clip(np.rint(grey(pair.visible)), 0, 255).astype(np.uint8)
        return RegisteredPair(pair.name, pair.visible, searched)

    return PairSet(f'{pairs.dataset} homologous', pairs.names, load, pairs.targets, pairs.sequence)


def sequences(names: tuple[str, ...]) -> dict[str, str]:
    """Name -> its run, of names in order: '00012' and '00013' are of one, '00020' is not."""
    found: dict[str, str] = {}
    start, last, length = '', None, 0
    for name in names:
        number = _order(name)[0]
        length += 1
        if last is None or number != last + 1 or length > _LONGEST:
            start, length = name, 1
        found[name], last = start, number
    return found


def split_by_sequence(pairs: PairSet, seed: int = 0, val: float = 0.1, test: float = 0.1) -> Split:
    """Sequences by the SHA-256 of their name; shares are of sequences, not of pairs;
    one sequence at least is tested on.

    Raises:
        InputError: a single sequence, which cannot be on two sides.
    """
    drawn = sorted(
        set(pairs.sequence.values()),
        key=lambda name: hashlib.sha256(f'{seed}:{name}'.encode()).digest(),
    )
    held = max(round(len(drawn) * test), 1)
    further = held + round(len(drawn) * val)
    part_of = dict.fromkeys(drawn, 'train')
    part_of |= dict.fromkeys(drawn[held:further], 'val') | dict.fromkeys(drawn[:held], 'test')
    parts = {
        part: tuple(n for n in pairs.names if part_of[pairs.sequence[n]] == part) for part in PARTS
    }
    rule = f'sequences by SHA-256, seed {seed}'
    return Split(pairs.dataset, rule, parts, {'sequence': pairs.sequence}, ('sequence',))


def _folders(root: Path) -> tuple[dict[str, Path], dict[str, Path], Path]:
    """Visible and infrared pictures by name, and the folder of the labels."""
    inside = root / DATASET if (root / DATASET).is_dir() else root
    visible = find_part(inside, ('vi', 'Vis', 'vis'), 'visible images of M3FD', _CURE)
    infrared = find_part(inside, ('ir', 'Ir', 'lwir'), 'infrared images of M3FD', _CURE)
    labels = find_part(inside, ('labels',), 'labels of M3FD', _CURE)
    return _pictures(visible), _pictures(infrared), labels


def _part(root: Path, part: str) -> Path:
    return find_part(root, (part, f'Data/{DATASET}/{part}'), f'{part} of M3FD', _CURE)


def _sequences(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Name -> sequence: of sequences.txt where it is there, else of the runs of numbers."""
    path = folder / _SEQUENCES
    if not path.is_file():
        return sequences(names)
    lines = [line.split() for line in read_lines(path)]
    cure = f'write "NAME SEQUENCE" on each line of {path}, every picture once'
    odd = [' '.join(line) for line in lines if len(line) != 2]
    if odd:
        raise InputError('line of a sequence file', odd[0], 'NAME SEQUENCE', cure)
    found = {line[0]: line[1] for line in lines}
    if len(found) < len(lines):
        raise InputError('sequence file', 'a name twice', 'every picture once', cure)
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError('pictures without a sequence', missing[:5], 'none', cure)
    return {name: found[name] for name in names}


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError('folder of M3FD', str(folder), 'a folder of pictures', _CURE)
    return {p.stem: p for p in folder.iterdir() if p.suffix.lower() in PICTURES}


def _order(name: str) -> tuple[int, str]:
    """Numbers in names decide, '10' comes after '9'."""
    digits = re.findall(r'\d+', name)
    return (int(digits[0]) if digits else -1), name


def _pair(name: str, visible: Path, infrared: Path) -> RegisteredPair:
    seen, warm = load_image(visible), load_image(infrared)
    if seen.shape != warm.shape:
        raise InputError(
            f'sizes of pair {name}', (seen.shape, warm.shape), 'two pictures of one size', _CURE
        )
    return RegisteredPair(name, seen, np.rint(grey(warm)).astype(np.uint8))


def _yolo(path: Path, pair: int, picture: Path, least: float) -> list[Target]:
    """Targets of one label file; a picture without one has none."""
    if not path.is_file():
        return []
    columns, rows = _size(picture)
    found = []
    for number, line in enumerate(path.read_text('utf-8').splitlines(), 1):
        try:
            label, *shares = line.split()
            x, y, width, height = (float(value) for value in shares)
            name = CLASSES[int(label)]
        except (ValueError, IndexError) as error:
            if not line.strip():
                continue
            raise InputError(
                f'{path} line {number}', line, 'class, middle x, y, width, height', _CURE
            ) from error
        left, right = (min(max(v * columns, 0), columns) for v in (x - width / 2, x + width / 2))
        top, bottom = (min(max(v * rows, 0), rows) for v in (y - height / 2, y + height / 2))
        if min(right - left, bottom - top) >= least:
            found.append(Target(pair, (left, top, right - left, bottom - top), name))
    return found


def _size(picture: Path) -> tuple[int, int]:
    """Columns and rows, from the header alone."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(picture) as image:
            return image.size
    except (OSError, UnidentifiedImageError) as error:
        raise InputError('image file', str(picture), 'a readable picture', _CURE) from error


def _truth(folder: Path) -> Mapping[str, list[float]]:
    path = folder / 'gt.json'
    try:
        found = json.loads(path.read_text('utf-8'))
        return {name: [float(v) for v in box] for name, box in found.items() if _is_box(box)}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            'gt.json', str(path), '{NAME: [x, y, width, height]}', f'{_CURE} ({error})'
        ) from error


def _is_box(box: object) -> bool:
    if isinstance(box, list) and len(box) == 4 and min(box[2:]) > 0:
        return True
    raise ValueError(f'{box!r} is no box')
