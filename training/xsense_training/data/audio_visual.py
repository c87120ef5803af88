# SPDX-License-Identifier: Apache-2.0
"""Classes of things that are seen and heard: instruments and animals, in five folds.

Instruments: General MIDI programs of a soundfont (each a recording of its own, in several takes),
GCompris and Tux Paint recordings; pictures of GCompris, Tux Paint and the emoji sets. Animals:
Tux Paint and GCompris, pictures also of the emoji sets. A class takes part when it has at least
LEAST independent recordings and as many pictures. Within a class, recordings and pictures are
spread over the folds; nothing pairs a certain picture with a certain recording.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from rich.progress import track

from xsense_ros.errors import InputError
from xsense_training.data import audio_visual_sounds as sounds
from xsense_training.data.audio_visual_folds import AUDIO_VISUAL_MANIFEST, read_folds
from xsense_training.data.classes import curated
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.data.concepts import load_concepts
from xsense_training.data.root import cache_folder, data_root, require
from xsense_training.data.sound import load_sound
from xsense_training.data.soundfont import SOUNDFONT, Synthesiser

GROUPS = ('instruments', 'animals')
LEAST = 2
TAKES = {'soundfont': 12, 'tuxpaint': 6, 'gcompris': 6}
# Their names are those of an instrument, their sound is not.
_LEFT_OUT = ('soundfont/120', 'soundfont/123')


@dataclass(frozen=True)
class Picture:
    """One raster file. unit: its name in the fold manifest; concept: the thing, of any style."""

    unit: str
    path: Path
    label: int
    style: str
    fold: int
    concept: str


@dataclass(frozen=True)
class Take:
    """One clip of a recording. unit: the recording's name in the fold manifest."""

    unit: str
    clip: SoundClip
    label: int
    fold: int
    concept: str


@dataclass(frozen=True)
class AudioVisual:
    """classes: names by label; group: of each class; what is seen and heard, ordered by unit."""

    classes: tuple[str, ...]
    group: tuple[str, ...]
    pictures: tuple[Picture, ...]
    takes: tuple[Take, ...]


def class_groups() -> dict[str, str]:
    """Group of each curated class."""
    return {label: group for group in GROUPS for label in curated()[group]}


def recordings(concepts: Sequence[Concept]) -> dict[str, Concept]:
    """What is heard, by unit: the concepts of a class that have a recording of their own."""
    groups = class_groups()
    return {
        c.id: c for c in concepts if c.category in groups and c.sounds and c.id not in _LEFT_OUT
    }


def pictures(concepts: Sequence[Concept]) -> dict[str, tuple[Concept, Path, str]]:
    """What is seen, by unit: (concept, file, style) of each picture of a class."""
    groups = class_groups()
    return {
        f'{c.id}#{number}-{style}': (c, path, style)
        for c in concepts
        if c.category in groups and c.source != 'soundfont'
        for number, (path, style) in enumerate(zip(c.images, c.styles, strict=True))
    }


def load_audio_visual(
    root: Path | str | None = None, manifest: Path = AUDIO_VISUAL_MANIFEST
) -> AudioVisual:
    """The embedded set; its clips are rendered into the cache on the first call.

    Raises:
        InputError: a data set is not there, or the manifest is broken or names what is not there.
    """
    folder = data_root(root)
    concepts = load_concepts(folder, ('tuxpaint', 'emoji', 'gcompris', 'soundfont'))
    heard, seen = recordings(concepts), pictures(concepts)
    folds = read_folds(manifest)
    for name, known in (('recordings', heard), ('pictures', seen)):
        unknown = sorted(set(folds[name]) - set(known))
        if unknown:
            raise InputError(
                f'{name} of the audio-visual folds', unknown[0], 'one of the data sets',
                'xsense-train data fetch all, or rebuild the manifest with write_folds',
            )  # fmt: skip
    groups = class_groups()
    classes = tuple(
        label for label in groups if any(heard[u].category == label for u in folds['recordings'])
    )
    label_of = {name: number for number, name in enumerate(classes)}
    rendered = _render(folder, heard, folds['recordings'])
    return AudioVisual(
        classes,
        tuple(groups[name] for name in classes),
        tuple(
            Picture(unit, seen[unit][1], label_of[seen[unit][0].category], seen[unit][2], fold,
                    seen[unit][0].id)
            for unit, fold in sorted(folds['pictures'].items())
        ),
        tuple(
            Take(unit, SoundClip(file), label_of[heard[unit].category], fold, unit)
            for unit, fold in sorted(folds['recordings'].items())
            for file in rendered[unit]
        ),
    )  # fmt: skip


def _render(
    root: Path, heard: Mapping[str, Concept], fold_of: Mapping[str, int]
) -> dict[str, list[Path]]:
    """Takes of every recording in the settings of its fold, as FLAC files in the cache."""
    font = require(root, SOUNDFONT, 'soundfont')
    recipe = f'{sounds.VERSION} {font.stat().st_size} {sorted(TAKES.items())}'
    folder = cache_folder(root, 'audio-visual') / hashlib.sha256(recipe.encode()).hexdigest()[:12]
    folder.mkdir(exist_ok=True)
    files = {
        unit: [
            folder / f'{unit.replace("/", "-")}-{fold}-{number:02d}.flac'
            for number in range(TAKES[heard[unit].source])
        ]
        for unit, fold in fold_of.items()
    }
    missing = [unit for unit in files if not all(file.exists() for file in files[unit])]
    if not missing:
        return files
    with Synthesiser(font) as synthesiser:
        for unit in track(missing, 'Recording instruments and animals', transient=True):
            concept = heard[unit]
            for number, file in enumerate(files[unit]):
                digest = hashlib.sha256(unit.encode()).digest()
                rng = np.random.default_rng([int.from_bytes(digest[:8], 'big'), number])
                found = sounds.setting(fold_of[unit], number)
                if concept.source == 'soundfont':
                    program = int(concept.id.rpartition('/')[2])
                    dry = synthesiser.play(program, sounds.melody(program, found, rng))
                else:
                    dry = sounds.excerpt(load_sound(concept.sounds[0]), rng)
                partial = file.with_suffix('.partial')
                clip = sounds.take(dry, found, rng)
                soundfile.write(partial, clip, sounds.RATE, format='FLAC', subtype='PCM_16')
                partial.replace(file)
    return files
