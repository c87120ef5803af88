# SPDX-License-Identifier: Apache-2.0
"""What an import is to bring in, before anything is read: items and where their samples lie."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_ros.gallery.checks import MAX_LABEL, MAX_NAME
from xsense_ros.names import MODALITIES

PICTURES = ('.jpg', '.jpeg', '.png')
SOUNDS = ('.wav', '.flac', '.ogg', '.mp3')
TEXTS = ('.txt',)
# The sense that a file is of where nothing else is said, and which files a sense can be read from.
_USUAL: Mapping[tuple[str, ...], str] = {PICTURES: 'image', SOUNDS: 'sound', TEXTS: 'text'}
_READ_FROM: Mapping[str, tuple[str, ...]] = {
    'image': PICTURES,
    'sketch': PICTURES,
    'touch': PICTURES,
    'sound': SOUNDS,
    'impact': SOUNDS,
    'text': TEXTS,
}


@dataclass(frozen=True)
class Source:
    """One sample to come: a file, or the text itself.

    ``name`` is how it is called when it is told of. ``background`` and ``profile`` are of touches.
    """

    name: str
    modality: str
    path: Path | None = None
    text: str = ''
    background: Path | None = None
    profile: str = ''


@dataclass(frozen=True)
class Planned:
    """An item to come."""

    item_id: str
    label: str
    sources: list[Source] = field(default_factory=list)


@dataclass(frozen=True)
class Skipped:
    """Something that was left out, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Plan:
    """All items to come, by id, and what cannot be brought in. All files lie below ``root``,
    which is resolved.
    """

    root: Path
    items: dict[str, Planned] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def item(self, item_id: str, label: str) -> Planned:
        """The item of this id; made where it is new."""
        return self.items.setdefault(item_id, Planned(item_id, label))

    def skip(self, name: str, why: InputError) -> None:
        """Leave something out."""
        self.skipped.append(Skipped(name, str(why)))

    @property
    def count(self) -> int:
        """Number of samples to come."""
        return sum(len(item.sources) for item in self.items.values())


def modality_of(path: Path, said: str = '') -> str:
    """The sense that a file is of.

    Args:
        path: whose name ends as one of its kind; 'touch-3.png' says its sense itself.
        said: by a folder or a column; '' where nothing is.

    Raises:
        InputError: a file of no known kind, or of a kind that the sense is not read from.
    """
    suffix = path.suffix.lower()
    word = path.stem.lower().partition('-')[0].partition('_')[0]
    usual = next((sense for kinds, sense in _USUAL.items() if suffix in kinds), '')
    modality = said or (word if suffix in _READ_FROM.get(word, ()) else usual)
    if not usual or suffix not in _READ_FROM.get(modality, ()):
        known = ', '.join(_READ_FROM.get(said, (*PICTURES, *SOUNDS, *TEXTS)))
        expected = f'a file that ends in {known}'
        if said not in ('', *MODALITIES):
            expected = f'one of {list(MODALITIES)}'
        cure = 'convert it, move it away, or leave out --strict to skip it'
        raise InputError('kind of file' if usual else 'file', said or path.name, expected, cure)
    return modality


@lru_cache(maxsize=1024)
def clean(name: str) -> str:
    """A name in Unicode's composed form, on one line, without what does not print."""
    words = ' '.join(unicodedata.normalize('NFC', name).split())
    return ''.join(letter for letter in words if letter.isprintable()).strip()


def label_of(name: str) -> str:
    """A label from the name of a folder or a file; InputError where nothing of it prints."""
    label = clean(name)[:MAX_LABEL].strip()
    if not label:
        raise InputError('name', name, 'at least one printing character', 'rename it')
    return label


def item_id_of(name: str) -> str:
    """The id of the item of that name: the name itself, with a digest for an end if it is long."""
    found = label_of(name)
    if len(found) <= MAX_NAME:
        return found
    digest = hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:8]
    return f'{found[: MAX_NAME - 9].strip()}-{digest}'
