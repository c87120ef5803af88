# SPDX-License-Identifier: Apache-2.0
"""The held-out pictures, sounds and line drawings that the sample recording may be made of.

Four shipped bundles meet the recording, each with a split of its own. A thing is taken only where
none of them has been trained on it: Tux Paint stamps of the held-out fold (the audio-visual folds
agree on them), emoji that both See, Hear, and Read and the sketch system hold out, and pictures
and recordings of instruments that the audio-visual folds hold out. Of instruments the KIND is
known to the models, the picture and the recording are not (See, Hear, and Read has seen some of
the pictures). Things that are touched are simulated: see touched.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform
from xsense_training.data import audio_visual_sounds as playing
from xsense_training.data.audio_visual import class_groups, pictures, recordings
from xsense_training.data.audio_visual_folds import read_folds
from xsense_training.data.concept import Concept
from xsense_training.data.concepts import load_concepts
from xsense_training.data.emoji import LICENCES
from xsense_training.data.folds import HELD_OUT
from xsense_training.data.line_art import LINE, LineConcept, load_line_art
from xsense_training.data.root import data_root, require
from xsense_training.data.sound import load_sound
from xsense_training.data.soundfont import RATE, SOUNDFONT, Synthesiser
from xsense_training.sample_recording.touched import TouchedThing, held_out_things

AUTHORS = {
    'tuxpaint': 'Bill Kendrick and the Tux Paint contributors',
    'gcompris': 'the GCompris contributors',
    'openmoji-black': 'the OpenMoji project',
    'twemoji': 'Twitter, Inc. and the Twemoji contributors',
    'noto': 'Google (Noto Emoji)',
    'soundfont': 'Frank Wen and contributors (FluidR3 GM)',
}


@dataclass(frozen=True)
class Picture:
    """A held-out picture or line drawing: a raster file (RGBA), whose it is and its licence."""

    path: Path
    name: str
    author: str
    licence: str


@dataclass(frozen=True)
class Sound:
    """A held-out recording, made when it is called for, whose it is and its licence."""

    load: Callable[[], Waveform]
    author: str
    licence: str


@dataclass(frozen=True)
class Library:
    """By key, such as 'tuxpaint/animals/mammals/dogs/fox', 'emoji/1F363:noto', 'soundfont/002'.

    ``pictures`` hold no line art, which is in ``sketches`` by 'emoji/1F363'. ``things`` are those
    that are touched and knocked on, in this order.
    """

    pictures: Mapping[str, Picture]
    sounds: Mapping[str, Sound]
    sketches: Mapping[str, Picture]
    things: tuple[TouchedThing, ...] = ()


def find(kind: str, known: Mapping[str, Picture] | Mapping[str, Sound], key: str) -> None:
    """InputError where a key of the scenario is not in the library."""
    if key not in known:
        raise InputError(
            f'{kind} of the scenario',
            key,
            f'a {kind} that is there and that every model holds out (fold {HELD_OUT})',
            'choose another one in scenario.py, or fetch the data sets again',
        )


def held_out_library(root: Path | str | None = None) -> Library:
    """Everything that may be used.

    Args:
        root: data root; None means $XSENSE_DATA or its default.

    Raises:
        InputError: a data set has not been fetched.
    """
    folder = data_root(root)
    concepts = load_concepts(folder, ('tuxpaint', 'emoji', 'gcompris'))
    stamps = _stamps(concepts)
    emoji = _emoji(concepts, load_line_art(folder))
    instruments = _instruments(concepts, folder)
    return Library(
        {**stamps.pictures, **emoji.pictures, **instruments.pictures},
        {**stamps.sounds, **instruments.sounds},
        emoji.sketches,
        held_out_things(folder),
    )


def _stamps(concepts: Sequence[Concept]) -> Library:
    licence = 'GPL-2.0-or-later'
    held = [c for c in concepts if c.source == 'tuxpaint' and c.fold == HELD_OUT]
    return Library(
        {c.id: Picture(c.images[0], c.name, AUTHORS['tuxpaint'], licence) for c in held},
        {
            c.id: Sound(partial(load_sound, c.sounds[0]), AUTHORS['tuxpaint'], licence)
            for c in held
            if c.sounds
        },
        {},
    )


def _emoji(concepts: Sequence[Concept], line_art: Sequence[LineConcept]) -> Library:
    unseen = {c.id for c in concepts if c.source == 'emoji' and c.fold == HELD_OUT}
    held = [c for c in line_art if c.id in unseen and c.fold == HELD_OUT]
    return Library(
        {
            f'{c.id}:{style}': Picture(path, c.name, AUTHORS[style], LICENCES[style])
            for c in held
            for style, path in c.pictures.items()
        },
        {},
        {c.id: Picture(c.line, c.name, AUTHORS[LINE], LICENCES[LINE]) for c in held},
    )


def _instruments(concepts: Sequence[Concept], root: Path) -> Library:
    folds = read_folds()
    groups = class_groups()
    seen = {
        unit: Picture(path, concept.name, *_rights(concept, style, path.stem))
        for unit, (concept, path, style) in pictures(concepts).items()
        if folds['pictures'].get(unit) == HELD_OUT and groups[concept.category] == 'instruments'
    }
    heard = {
        unit: Sound(partial(load_sound, c.sounds[0]), *_rights(c, 'sound', c.sounds[0].path.name))
        for unit, c in recordings(concepts).items()
        if folds['recordings'].get(unit) == HELD_OUT and groups[c.category] == 'instruments'
    }
    for unit, fold in folds['recordings'].items():
        if unit.startswith('soundfont/') and fold == HELD_OUT:
            program = int(unit.rpartition('/')[2])
            heard[unit] = Sound(partial(_played, root, program), AUTHORS['soundfont'], 'MIT')
    return Library(seen, heard, {})


def _played(root: Path, program: int) -> Waveform:
    """A General MIDI program in a key and a phrase of the held-out fold."""
    font = require(root, SOUNDFONT, 'soundfont')
    notes = playing.melody(program, playing.setting(HELD_OUT, 1), np.random.default_rng(program))
    with Synthesiser(font) as synthesiser:
        return Waveform(synthesiser.play(program, notes), RATE)


def _rights(concept: Concept, style: str, file: str) -> tuple[str, str]:
    """Author and licence of a medium of a concept."""
    if concept.source == 'emoji':
        return AUTHORS[style], dict(concept.licences)[style]
    if concept.source == 'tuxpaint':
        return AUTHORS['tuxpaint'], 'GPL-2.0-or-later'
    # GCompris names the file that it draws or plays; pictures are drawn into a cache.
    named = dict(concept.licences)
    wanted = '.ogg' if style == 'sound' else '.svg'
    found = [text for name, text in named.items() if name.endswith(wanted) or name in ('*', file)]
    return AUTHORS['gcompris'], found[0] if found else next(iter(named.values()))
