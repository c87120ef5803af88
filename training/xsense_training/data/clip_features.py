# SPDX-License-Identifier: Apache-2.0
"""Audio and visual features of video clips, as files per clip or packed in one file.

Both forms hold features that somebody else computed: VGGish, 128 numbers a second of sound, and
Inception, 1024 numbers a frame. Whole numbers 0 to 255 are dequantised as (x - 128) / 256, then
the mean over time is one vector a clip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import h5py
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.data.class_folders import find_part, read_lines
from xsense_training.data.samples import Floats, Ints, Samples
from xsense_training.data.splits import Split, split_by_fold

FOLDS = 5
HELD_OUT = 0
_PACKED = tuple(
    f'{what}_{part}' for what in ('audio', 'visual', 'lab') for part in ('train', 'test')
)


@dataclass(frozen=True)
class ClipSet:
    """Clips in a fixed order: row i of sound and of image are the same clip.

    Attributes:
        dataset: name.
        sound: Samples (N, 128); concept is the number of the clip.
        image: Samples (N, 1024), with the same labels and concepts.
        fold: (N,) 0 to 4; fold 0 is held out.
        ids: (N,) names of the clips.
        classes: name of each label.
    """

    dataset: str
    sound: Samples
    image: Samples
    fold: Ints
    ids: tuple[str, ...]
    classes: tuple[str, ...]

    def split(self, held_out: int = HELD_OUT) -> Split:
        """Split of one fold by clip; classes are seen in every part.

        Raises:
            InputError: no clip in the fold.
        """
        labels = (self.classes[label] for label in self.sound.label)
        return split_by_fold(
            self.dataset,
            dict(zip(self.ids, self.fold.tolist(), strict=True)),
            held_out,
            {'class': dict(zip(self.ids, labels, strict=True))},
        )


def mean_over_time(values: NDArray[np.generic]) -> Floats:
    """Dequantised mean over the second to last axis: (T, D) -> (D,), (N, T, D) -> (N, D) float32.

    >>> mean_over_time(np.array([[0, 128], [0, 255]], np.uint8))
    array([-0.5      ,  0.2480469], dtype=float32)
    """
    mean = np.asarray(values, np.float64).mean(axis=-2)
    quantised = np.issubdtype(values.dtype, np.integer)
    return np.asarray((mean - 128.0) / 256.0 if quantised else mean, np.float32)


def load_clip_files(root: Path, dataset: str, labels: str) -> ClipSet:
    """Clips of [Data/]{vgg,inception,LABELS}/CLIP.npy and [Data/]folds/*, a list of clips each.

    A label is a number or a one-hot vector; without a folder of labels it is what stands before
    `_video_` in the name of the clip ('baby_cry_video_00850').

    Args:
        root: folder that holds Data/ or is it.
        dataset: its name, for errors.
        labels: name of the folder of labels.

    Raises:
        InputError: names what is missing: a folder, features of a listed clip, a label; or a clip
            that is in two folds.
    """
    base = root / 'Data' if (root / 'Data').is_dir() else root
    cure = f'unpack vgg/, inception/ and folds/ of {dataset} into {base}'
    lists = find_part(base, ('folds',), f'folds of {dataset}', cure)
    files = sorted(file for file in lists.iterdir() if file.is_file() and file.name[0] != '.')
    if len(files) != FOLDS:
        raise InputError(f'files in {lists}', len(files), f'{FOLDS} lists of clips', cure)
    fold_of: dict[str, int] = {}
    for number, file in enumerate(files):
        for line in read_lines(file):
            clip = line.removesuffix('.npy')
            if clip in fold_of:
                raise InputError(f'clip in two places of {lists}', clip, 'one fold', cure)
            fold_of[clip] = number
    ids = sorted(fold_of)
    features = {
        name: _stack(find_part(base, (name,), f'{name} features of {dataset}', cure), ids, cure)
        for name in ('vgg', 'inception')
    }
    named = _labels(base / labels, ids, cure)
    classes = tuple(sorted(set(named), key=_number_or_name))
    label = np.array([classes.index(name) for name in named], np.int64)
    fold = np.array([fold_of[clip] for clip in ids], np.int64)
    return _clips(dataset, features['vgg'], features['inception'], label, fold, ids, classes)


def load_packed(path: Path, dataset: str, classes: Mapping[int, str] | None = None) -> ClipSet:
    """Clips of an .h5 or .npz file with the keys {audio,visual,lab}_{train,test}.

    The file holds one division only: its test rows are fold 0, its training rows take folds 1 to
    4 in turn within each class, so that fold 1 can validate.

    Args:
        path: the file.
        dataset: its name, for errors.
        classes: name by label of the file; None names them 'class 0' and so on.

    Raises:
        InputError: the file cannot be read, lacks keys, or its arrays do not fit together.
    """
    data = _read_arrays(path, dataset)
    rows = {part: len(data[f'lab_{part}']) for part in ('train', 'test')}
    for key, array in data.items():
        part = key.rpartition('_')[2]
        if len(array) != rows[part] or (key[0] != 'l' and array.ndim not in (2, 3)):
            raise InputError(
                f'{key} of {path}',
                array.shape,
                f'({rows[part]}, D) or ({rows[part]}, T, D), as lab_{part} has rows',
                'get the file again',
            )
    raw = np.concatenate([_class_numbers(data[f'lab_{part}']) for part in ('train', 'test')])
    values, label = np.unique(raw, return_inverse=True)
    fold = np.zeros(len(raw), np.int64)
    for value in range(len(values)):
        own = np.flatnonzero(label[: rows['train']] == value)
        fold[own] = 1 + np.arange(len(own)) % (FOLDS - 1)
    sound, image = (
        np.concatenate([_vectors(data[f'{what}_{part}']) for part in ('train', 'test')])
        for what in ('audio', 'visual')
    )
    ids = [f'{part}/{i:05d}' for part in ('train', 'test') for i in range(rows[part])]
    names = tuple((classes or {}).get(int(value), f'class {int(value)}') for value in values)
    return _clips(dataset, sound, image, label.astype(np.int64), fold, ids, names)


def find_packed(root: Path, dataset: str) -> Path | None:
    """The packed file: the path itself, or the only .h5 or .npz in the folder; else None.

    Raises:
        InputError: several files could be meant.
    """
    if root.is_file():
        return root
    found = sorted(file for ending in ('h5', 'npz') for file in root.glob(f'*.{ending}'))
    if len(found) > 1:
        raise InputError(
            f'packed files of {dataset}', [file.name for file in found], 'one', 'name the file'
        )
    return found[0] if found else None


def _clips(
    dataset: str,
    sound: Floats,
    image: Floats,
    label: Ints,
    fold: Ints,
    ids: Iterable[str],
    classes: tuple[str, ...],
) -> ClipSet:
    concept = np.arange(len(label))
    return ClipSet(
        dataset,
        Samples('sound', sound, label, concept),
        Samples('image', image, label, concept),
        fold,
        tuple(ids),
        classes,
    )


def _stack(folder: Path, ids: list[str], cure: str) -> Floats:
    missing = [clip for clip in ids if not (folder / f'{clip}.npy').exists()]
    if missing:
        raise InputError(
            f'{len(missing)} listed clips without a file in {folder}', missing[:3], 'none', cure
        )
    rows: list[Floats] = []
    for clip in ids:
        values = _array(folder / f'{clip}.npy', cure)
        if values.ndim != 2 or not values.size or (rows and values.shape[1] != len(rows[0])):
            width = len(rows[0]) if rows else 'D'
            raise InputError(
                f'{folder / clip}.npy', values.shape, f'(seconds or frames, {width})', cure
            )
        rows.append(mean_over_time(values))
    return np.stack(rows)


def _labels(folder: Path, ids: list[str], cure: str) -> list[str]:
    """Class of each clip: its number in the folder, or its name where the ids tell that, too."""
    matches = [re.match(r'(.+)_video_\d+$', clip) for clip in ids]
    named = [match[1].replace('_', ' ') for match in matches if match]
    if not folder.is_dir():
        bare = [clip for clip, match in zip(ids, matches, strict=True) if match is None]
        if bare:
            raise InputError(
                f'{len(bare)} clips without a class, as {folder} is not there',
                bare[:3],
                f'CLASS_video_NUMBER, or labels in {folder.name}/',
                cure,
            )
        return named
    missing = [clip for clip in ids if not (folder / f'{clip}.npy').exists()]
    if missing:
        raise InputError(f'clips without a label in {folder}', missing[:3], 'none', cure)
    values = [_array(folder / f'{clip}.npy', cure) for clip in ids]
    numbers = [str(int(_class_numbers(np.atleast_1d(value)[None])[0])) for value in values]
    if len(named) == len(ids):
        pairs = set(zip(named, numbers, strict=True))
        if len(pairs) == len(set(named)) == len(set(numbers)):
            return named
    return numbers


def _array(path: Path, cure: str) -> NDArray[np.generic]:
    try:
        return cast('NDArray[np.generic]', np.load(path, allow_pickle=False))
    except (OSError, ValueError) as error:
        raise InputError('array', str(path), 'a .npy file of numbers', cure) from error


def _number_or_name(name: str) -> tuple[int, str]:
    return (int(name), '') if name.isdecimal() else (-1, name)


def _read_arrays(path: Path, dataset: str) -> dict[str, NDArray[np.generic]]:
    cure = f'get the packed features of {dataset}, with the keys {", ".join(_PACKED)}'
    try:
        if path.suffix == '.npz':
            with np.load(path, allow_pickle=False) as file:
                data = {key: file[key] for key in _PACKED if key in file}
        else:
            with h5py.File(path, 'r') as file:
                data = {key: file[key][()] for key in _PACKED if key in file}
    except (OSError, ValueError) as error:
        raise InputError(f'packed {dataset}', str(path), 'an .h5 or .npz file', cure) from error
    missing = [key for key in _PACKED if key not in data]
    if missing:
        raise InputError(f'keys of {path}', missing, 'none missing', cure)
    return data


def _class_numbers(lab: NDArray[np.generic]) -> Ints:
    """(N,), (N, 1) or one-hot (N, C) -> (N,)."""
    flat = lab.reshape(len(lab), -1)
    return (flat[:, 0] if flat.shape[1] == 1 else flat.argmax(axis=1)).astype(np.int64)


def _vectors(values: NDArray[np.generic]) -> Floats:
    return mean_over_time(values[:, None] if values.ndim == 2 else values)
