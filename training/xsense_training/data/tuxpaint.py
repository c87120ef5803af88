# SPDX-License-Identifier: Apache-2.0
"""Tux Paint stamps: a picture, a caption in many languages, spoken captions, some with a sound.

Layout of the Debian package tuxpaint-stamps-default: in a folder per group, NAME.png or NAME.svg,
NAME.txt (line 1 English, then `lang.utf8=...`), NAME.ogg or .wav (the sound of the thing) and
NAME_desc[_LANG].ogg or .wav (the caption, spoken; English without LANG).
"""

from __future__ import annotations

from pathlib import Path

from xsense_training.data.classes import category_of
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.data.names import short_name
from xsense_training.data.recordings import is_silent
from xsense_training.data.render import render_all
from xsense_training.data.root import require

FOLDER = 'tuxpaint-stamps-default/usr/share/tuxpaint/stamps'
LICENCE = 'GPL-2.0-only'
# In these groups the effect is a voice or a song about the symbol, not a sound that it makes.
_SPOKEN_EFFECTS = ('symbols/', 'seasonal/hanukkah/')
_SOUND_SUFFIXES = ('.ogg', '.wav')


def load_tuxpaint(root: Path) -> list[Concept]:
    """Every stamp as a concept (fold not yet assigned), ordered by id.

    Raises:
        InputError: the data set has not been fetched.
    """
    stamps = require(root, FOLDER, 'tuxpaint')
    pictures: dict[Path, Path] = {}
    sounds: dict[Path, Path] = {}
    for file in sorted(stamps.rglob('*')):
        stem = file.with_suffix('')
        if file.suffix in ('.png', '.svg') and not file.stem.endswith(('_mirror', '_flip')):
            # Sorted order lets the drawing, where there is one, take the place of its PNG.
            pictures[stem] = file
        elif file.suffix in _SOUND_SUFFIXES:
            sounds.setdefault(stem, file)
    drawings = render_all([file for file in pictures.values() if file.suffix == '.svg'], root)
    speech = _spoken_captions(sounds)
    concepts = []
    for stem, picture in pictures.items():
        texts = stem.with_suffix('.txt')
        caption, translations = _captions(texts) if texts.exists() else ('', ())
        relative = stem.relative_to(stamps).as_posix()
        name = short_name(caption, stem.name)
        group = relative.rpartition('/')[0].replace('/cartoon', '')
        spoken_effect = relative.startswith(_SPOKEN_EFFECTS)
        effect = None if spoken_effect else sounds.get(stem)
        clips = () if effect is None or is_silent(SoundClip(effect)) else (SoundClip(effect),)
        concepts.append(
            Concept(
                id=f'tuxpaint/{relative}',
                source='tuxpaint',
                name=name,
                texts=(caption,) if caption else (name,),
                images=(drawings.get(picture, picture),),
                sounds=clips,
                speech=speech.get(stem, ()),
                category=category_of(name, group),
                translations=translations,
                styles=('cartoon' if '/cartoon/' in relative else 'stamp',),
                licences=(('*', LICENCE),),
            )
        )
    return sorted(concepts, key=lambda concept: concept.id)


def _captions(file: Path) -> tuple[str, tuple[tuple[str, str], ...]]:
    """English caption, and (language, caption) of the others."""
    lines = file.read_text('utf-8', 'replace').splitlines()
    translations = []
    for line in lines[1:]:
        language, separator, text = line.partition('.utf8=')
        if separator and text.strip():
            translations.append((language.strip(), text.strip()))
    return (lines[0].strip() if lines else ''), tuple(translations)


def _spoken_captions(sounds: dict[Path, Path]) -> dict[Path, tuple[tuple[str, Path], ...]]:
    """(language, file) by the stem of the stamp."""
    found: dict[Path, list[tuple[str, Path]]] = {}
    for stem, file in sounds.items():
        name, separator, language = stem.name.rpartition('_desc')
        if separator:
            entry = (language.lstrip('_') or 'en', file)
            found.setdefault(stem.with_name(name), []).append(entry)
    return {stem: tuple(sorted(entries)) for stem, entries in found.items()}
