# SPDX-License-Identifier: Apache-2.0
"""Arrays made from files, a row a file, kept on disk object by object.

A set of ten thousand presses takes minutes to describe; what is known of an object is found again
by the content of its files, so that a killed run goes on where it stopped and a set that grew
recomputes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from xsense_training.data.media import MediaFile

Row = Mapping[str, NDArray[np.floating]]


def object_rows(
    files: Sequence[MediaFile], folder: Path, recipe: str, make: Callable[[MediaFile], Row]
) -> dict[str, NDArray[np.float32]]:
    """Name -> (N, ...) float32, row i from file i, stored in half precision.

    Args:
        files: of one sense; those of one object (label) should follow each other.
        folder: cache.
        recipe: all that the rows depend on besides the files' content.
        make: arrays by name of one file, of equal shapes for all files.
    """
    place = folder / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    owners: dict[str, list[int]] = {}
    for number, file in enumerate(files):
        owners.setdefault(file.label, []).append(number)
    found: dict[str, NDArray[np.float32]] = {}
    with Progress(transient=True) as progress:
        bar = progress.add_task(files[0].modality if files else 'files', total=len(files))
        for numbers in owners.values():
            own = [files[number] for number in numbers]
            for name, rows in _of_object(own, place, make).items():
                if name not in found:
                    found[name] = np.zeros((len(files), *rows.shape[1:]), np.float32)
                found[name][numbers] = rows
            progress.advance(bar, len(own))
    return found


def _of_object(
    files: Sequence[MediaFile], place: Path, make: Callable[[MediaFile], Row]
) -> dict[str, NDArray[np.float32]]:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.path.read_bytes()).digest())
    stored = place / f'{digest.hexdigest()[:24]}.npz'
    if not stored.exists():
        rows = [make(file) for file in files]
        arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        partial = stored.with_suffix('.partial')
        with partial.open('wb') as stream:  # renamed when whole: a kill leaves no half file
            np.savez(
                stream,
                allow_pickle=False,
                **{name: rows.astype(np.float16) for name, rows in arrays.items()},
            )
        partial.replace(stored)
    with np.load(stored, allow_pickle=False) as known:
        return {name: known[name].astype(np.float32) for name in known.files}
