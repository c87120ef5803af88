# SPDX-License-Identifier: Apache-2.0
"""Which rows of each modality a fold is fitted on, selected on, and judged on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.data.samples import Samples
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.recipes.tnn_c_cca.data import (
    FOLDS,
    MODALITIES,
    AudioVisualData,
    Bank,
    query_view_numbers,
)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Row numbers by modality."""

    sound: Ints
    image: Ints

    def of(self, modality: str) -> Ints:
        """Rows of one modality."""
        return {'sound': self.sound, 'image': self.image}[modality]


@dataclass(frozen=True)
class Parts:
    """train, validation and test rows, and the labels that training holds in both modalities."""

    train: Part
    validation: Part
    test: Part
    known: Ints


def split(data: AudioVisualData, fold: int) -> Parts:
    """Fold `fold` is judged, the next one selects, the other three are fitted on.

    A class with few recordings may lie in the held-out folds alone. It then stays in training with
    what the validation fold has of it; what training does not hold at all is left out everywhere,
    for nothing can be known of it.

    Raises:
        InputError: a fold without samples, or fewer than two classes to train on.
    """
    validation_fold = (fold + 1) % FOLDS
    rows: dict[str, dict[str, Ints]] = {part: {} for part in ('train', 'validation', 'test')}
    for modality in MODALITIES:
        bank = data.of(modality)
        test = bank.fold == fold
        validation = bank.fold == validation_fold
        fitted = set(bank.label[~test & ~validation].tolist())
        validation &= np.isin(bank.label, list(fitted))
        rows['train'][modality] = np.flatnonzero(~test & ~validation)
        rows['validation'][modality] = np.flatnonzero(validation)
        rows['test'][modality] = np.flatnonzero(test)
    known = known_labels(data, Part(**rows['train']))
    parts = {}
    for part, found in rows.items():
        kept = {m: r[np.isin(data.of(m).label[r], known)] for m, r in found.items()}
        if len(known) < 2 or not all(map(len, kept.values())):
            raise InputError(
                f'{part} samples of fold {fold} of {data.name}',
                {m: len(r) for m, r in kept.items()},
                'both modalities, and two classes or more to train on',
                'add samples: every class needs some in several folds',
            )
        parts[part] = Part(**kept)
    return Parts(parts['train'], parts['validation'], parts['test'], known)


def known_labels(data: AudioVisualData, part: Part) -> Ints:
    """Labels that a part holds in both modalities, ascending."""
    return np.intersect1d(data.sound.label[part.sound], data.image.label[part.image])


def videos(
    data: AudioVisualData, part: Part, per_class: int, seed: int
) -> tuple[Samples, Samples]:
    """Rows of sound and image, paired row by row like the sound and the frame of a video clip.

    True clips are taken as they are. Where only the class is shared, `per_class` sounds and
    pictures of each class, in random views, are put together by chance: then a pair says nothing
    beyond its class. Concepts are the numbers of the pairs.
    """
    rng = np.random.default_rng(seed)
    if data.paired:
        _, sound, image = np.intersect1d(
            data.sound.concept[part.sound], data.image.concept[part.image], return_indices=True
        )
        rows = {'sound': part.sound[sound], 'image': part.image[image]}
    else:
        rows = {
            m: np.concatenate(
                [
                    rng.choice(_of_class(data.of(m), part.of(m), label), per_class)
                    for label in np.unique(data.of(m).label[part.of(m)])
                ]
            )
            for m in MODALITIES
        }
    pairs = np.arange(len(rows['sound']))
    found = []
    for modality in MODALITIES:
        bank, chosen = data.of(modality), rows[modality]
        views = rng.integers(0, bank.features.shape[1], len(chosen))
        found.append(Samples(modality, bank.features[chosen, views], bank.label[chosen], pairs))
    return found[0], found[1]


def directions(data: AudioVisualData, part: Part) -> list[tuple[str, Direction]]:
    """(group, direction) of each group of classes, both ways; equal class is relevant.

    Things are remembered as they are. A picture is asked for as a camera would have it (each scene
    view is a query of its own), a recording as it was made.
    """
    found = []
    for name, labels in data.groups.items():
        chosen = {m: part.of(m)[np.isin(data.of(m).label[part.of(m)], labels)] for m in MODALITIES}
        if not all(map(len, chosen.values())):
            continue
        for query, gallery in (('sound', 'image'), ('image', 'sound')):
            ask, held = data.of(query), data.of(gallery)
            rows = np.repeat(chosen[query], len(query_view_numbers(ask)))
            relevance = ask.label[rows][:, None] == held.label[chosen[gallery]][None]
            found.append(
                (
                    name,
                    Direction(
                        f'{name} {query}->{gallery}',
                        Side(query, rows, ask.concept[rows]),
                        Side(gallery, chosen[gallery], held.concept[chosen[gallery]]),
                        relevance,
                    ),
                )
            )
    return found


def _of_class(bank: Bank, rows: Ints, label: int) -> Ints:
    return np.asarray(rows[bank.label[rows] == label])
