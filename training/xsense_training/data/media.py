# SPDX-License-Identifier: Apache-2.0
"""Files of two modalities with the class and the thing that each of them shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.data.samples import Floats, Samples


@dataclass(frozen=True)
class MediaFile:
    """One picture, sketch, recording or the like.

    Attributes:
        id: unique and stable, 'modality/class/name'.
        path: the file.
        modality: 'image', 'sketch', 'sound' and so on.
        label: class.
        concept: the thing itself; files of two modalities with equal concepts are a true pair.
    """

    id: str
    path: Path
    modality: str
    label: str
    concept: str


@dataclass(frozen=True)
class MediaSet:
    """All files of a data set, ordered by id.

    Raises:
        InputError: two files have the same id.
    """

    dataset: str
    files: tuple[MediaFile, ...]

    def __post_init__(self) -> None:
        (name, count), *_ = Counter(file.id for file in self.files).most_common(1) or [('', 0)]
        if count > 1:
            raise InputError(f'id in {self.dataset}', name, 'a unique id', 'rename one of the two')

    def of(self, modality: str, ids: Collection[str] | None = None) -> list[MediaFile]:
        """Files of one modality, in order of the data set; only those with the ids, if given."""
        chosen = None if ids is None else set(ids)
        return [
            file
            for file in self.files
            if file.modality == modality and (chosen is None or file.id in chosen)
        ]

    @cached_property
    def class_of(self) -> dict[str, str]:
        """Class by id, in order of the data set."""
        return {file.id: file.label for file in self.files}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """All classes, sorted; a label number is the place in this list."""
        return tuple(sorted({file.label for file in self.files}))

    def counts(self) -> dict[str, Counter[str]]:
        """Number of files by modality and class."""
        found: dict[str, Counter[str]] = {}
        for file in self.files:
            found.setdefault(file.modality, Counter())[file.label] += 1
        return found

    def samples(self, files: Sequence[MediaFile], features: Floats) -> Samples:
        """Feature rows of some files of one modality as samples.

        Labels and concepts are numbered over the whole data set, so that samples of two
        modalities, or of two parts of a split, can be compared.

        Args:
            files: of this data set, one modality.
            features: (N, F), row i belongs to file i.

        Raises:
            InputError: not as many rows as files, or not exactly one modality.
        """
        modalities = sorted({file.modality for file in files})
        if len(features) != len(files) or len(modalities) != 1:
            raise InputError(
                'features',
                f'{len(features)} rows for {len(files)} files of {modalities}',
                'a row for each file of one modality',
                'pass the files in the order in which the features were made',
            )
        label, concept = self._numbers
        return Samples(
            modalities[0],
            features,
            np.array([label[file.label] for file in files], np.int64),
            np.array([concept[file.concept] for file in files], np.int64),
        )

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        concepts = sorted({file.concept for file in self.files})
        return (
            {name: i for i, name in enumerate(self.classes)},
            {name: i for i, name in enumerate(concepts)},
        )
