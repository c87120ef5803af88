# SPDX-License-Identifier: Apache-2.0
"""Things to remember: from a folder of files with their labels, or from the recording itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.encoder import Encoder
from xsense_ros.errors import InputError
from xsense_ros.evaluation.events import Event
from xsense_ros.evaluation.labelled import Labelled
from xsense_ros.evaluation.questions import Question
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import read_sound
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.senses.picture_file import file_bytes

# So many times the samples that are wanted wait to be chosen from.
_THINNED = 8
_FILES = {'picture': 'image', 'sound': 'sound'}
ITEMS = 'items.json'


def read_items(folder: Path) -> list[dict[str, Any]]:
    """Entries of a folder's items.json, with the paths of pictures and sounds made whole.

    Raises:
        InputError: no such file, or one without id, label or files.
    """
    try:
        items = json.loads((folder / ITEMS).read_text('utf-8'))
        return [
            item | {kind: folder / item[kind] for kind in _FILES if kind in item}
            for item in items
            if item['item_id'] and item['label'] and any(kind in item for kind in _FILES)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        cure = 'make it again: xsense-train data record-sample'
        raise InputError(
            'gallery of the sample', str(folder), f'a folder with items.json ({error!r})', cure
        ) from error


def enroll_files(
    items: Iterable[dict[str, Any]], encoder: Encoder, gallery: GalleryLike
) -> Iterator[str]:
    """Enroll what ``read_items`` gave; yields the id of each item when it is done.

    Raises:
        InputError: a file that cannot be used.
    """
    readers: dict[str, Any] = {'picture': _read_picture, 'sound': read_sound}
    for item in items:
        views = []
        for kind, modality in _FILES.items():
            if kind in item and modality in encoder.modalities:
                views.append(_view(encoder, modality, (readers[kind](item[kind]),)))
        if views:
            gallery.enroll(item['label'], views, item['item_id'])
        yield item['item_id']


@dataclass(frozen=True)
class Lesson:
    """An interval that teaches an item, and the samples of it that are enrolled."""

    event: Event
    questions: tuple[Question, ...]


def lessons(
    questions: Iterable[Question], labelled: Labelled, teachers: Sequence[str], most: int
) -> list[Lesson]:
    """What can be learnt of a recording: of each item and sense its first interval.

    Args:
        questions: of the recording.
        labelled: the truth.
        teachers: senses whose samples are enrolled.
        most: samples of each interval, spread evenly over it.

    Returns:
        One a sense and item, in order of time. Nothing of their intervals may be asked later.
    """
    found: dict[tuple[str, str], tuple[Event, list[Question]]] = {}
    for question in questions:
        if question.modality not in teachers:
            continue
        for event in labelled.about(question):
            if not event.known:
                continue
            first, samples = found.setdefault((event.sense, event.truth), (event, []))
            if first is event:
                samples.append(question)
                if len(samples) > _THINNED * most:  # an interval may last for hours
                    del samples[1::2]
    return [Lesson(event, tuple(_spread(samples, most))) for event, samples in found.values()]


def enroll_lessons(
    taught: Iterable[Lesson], encoder: Encoder, gallery: GalleryLike
) -> Iterator[str]:
    """Enroll what a recording teaches; yields the id of each item when a lesson of it is done."""
    for lesson in taught:
        item_id = lesson.event.truth
        views = [
            _view(encoder, question.modality, question.samples) for question in lesson.questions
        ]
        gallery.enroll(item_id, views, item_id)
        yield item_id


def _read_picture(path: Path) -> NDArray[np.uint8]:
    """As the node decodes it."""
    suffix = path.suffix.lower().removeprefix('.')
    return decode_compressed(file_bytes(path), 'jpeg' if suffix == 'jpg' else suffix)


def _view(encoder: Encoder, modality: str, samples: Sequence[Any]) -> View:
    return View(modality=modality, vectors=encoder.encode_all(modality, samples).vectors)


def _spread(samples: Sequence[Question], most: int) -> list[Question]:
    count = min(most, len(samples))
    return [samples[(2 * place + 1) * len(samples) // (2 * count)] for place in range(count)]
