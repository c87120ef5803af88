# SPDX-License-Identifier: Apache-2.0
"""GCompris: instruments and farm animals with picture and sound, and labelled pictures.

The media lie in Qt resource files of the Debian package gcompris-qt-data; they are unpacked into
the cache on the first call. Licences differ from file to file: the README beside the media counts
first, then the package's copyright file.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Sequence
from pathlib import Path

from xsense_training.data.classes import category_of
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.data.rcc import ResourceFile
from xsense_training.data.render import render_all, write_atomically
from xsense_training.data.root import cache_folder, require

FOLDER = 'gcompris-qt-data/usr/share/gcompris-qt/rcc'
COPYRIGHT = 'gcompris-qt-data/usr/share/doc/gcompris-qt-data/copyright'
_ACTIVITIES = 'gcompris/src/activities'


def load_gcompris(root: Path) -> list[Concept]:
    """Instruments, farm animals and labelled pictures (fold not yet assigned), ordered by id.

    Raises:
        InputError: the data set has not been fetched, or an archive is damaged.
    """
    copyright_file = root / COPYRIGHT
    licences = Licences(copyright_file.read_text('utf-8') if copyright_file.exists() else '')
    concepts = _instruments(root, licences) + _farm(root, licences) + _words(root, licences)
    return sorted(concepts, key=lambda concept: concept.id)


class Licences:
    """Licence of a file by the READMEs of GCompris and the Debian copyright file.

    Args:
        debian: text of the copyright file (machine-readable format 1.0).
    """

    def __init__(self, debian: str) -> None:
        self._globs: list[tuple[str, str]] = []
        for paragraph in re.split(r'\n\s*\n', debian):
            fields = dict(
                re.findall(r'^(Files|License):((?:.*\n?)(?:[ \t].*\n?)*)', paragraph, re.MULTILINE)
            )
            if 'Files' in fields and 'License' in fields:
                licence = fields['License'].strip().splitlines()[0]
                self._globs += [(pattern, licence) for pattern in fields['Files'].split()]

    def of(self, path: str, readme: str = '') -> str:
        """Licence of a media file.

        Args:
            path: inside the source tree, `src/activities/...`.
            readme: text of the README in the folder of the file.
        """
        name = path.rpartition('/')[2]
        for section in re.split(r'\n\s*\n', readme):
            if re.search(rf'^{re.escape(name)}$', section, re.MULTILINE):
                stated = re.search(r'^License:\s*(.+)$', section, re.MULTILINE)
                if stated:
                    return stated.group(1).strip()
        # In that format the last paragraph that matches wins.
        for pattern, licence in reversed(self._globs):
            if fnmatch.fnmatchcase(path, pattern):
                return licence
        return 'see the copyright file of gcompris-qt-data'


def _unpack(root: Path, archive: str, suffixes: Sequence[str]) -> Path:
    """Folder in the cache with the media of one archive."""
    source = require(root, f'{FOLDER}/{archive}.rcc', 'gcompris')
    target = cache_folder(root, 'gcompris') / archive
    # The size of the archive marks a finished, current copy.
    mark = target / '.unpacked'
    stamp = str(source.stat().st_size)
    if not (mark.exists() and mark.read_text() == stamp):
        resources = ResourceFile.open(source)
        prefix = f'{_ACTIVITIES}/{archive}/'
        for name in resources.names():
            if name.startswith(prefix) and name.endswith(tuple(suffixes)):
                write_atomically(target / name.removeprefix(prefix), resources.read(name))
        write_atomically(mark, stamp.encode())
    return target


def _instruments(root: Path, licences: Licences) -> list[Concept]:
    folder = _unpack(root, 'instruments', ('.svg', '.ogg', 'README', '.js'))
    script = (folder / 'instruments.js').read_text('utf-8')
    names = dict(
        re.findall(r'resource/(\w+)\.svg",\s*"text":\s*qsTr\("Find the ([^"]+)"\)', script)
    )
    return _with_sound(
        root,
        folder,
        'resource',
        licences,
        {stem: (name, f'{stem}.ogg') for stem, name in names.items()},
    )


def _farm(root: Path, licences: Licences) -> list[Concept]:
    folder = _unpack(root, 'explore_farm_animals', ('.svg', '.webp', '.ogg', 'README', '.qml'))
    board = (folder / 'resource' / 'board' / 'board1.qml').read_text('utf-8')
    entries = re.findall(
        r'animals/(\w+)\.svg",\s*"title":\s*qsTr\("([^"]+)"\),.*?animals/(\w+)\.\$CA',
        board,
        re.DOTALL,
    )
    return _with_sound(
        root,
        folder,
        'resource/animals',
        licences,
        {stem: (title.lower(), f'{sound}.ogg') for stem, title, sound in entries},
    )


def _with_sound(
    root: Path, activity: Path, part: str, licences: Licences, entries: dict[str, tuple[str, str]]
) -> list[Concept]:
    """Concepts of one activity from {stem of the picture: (name, file name of the sound)}."""
    folder = activity / part
    readme = (folder / 'README').read_text('utf-8', 'replace')
    drawn = render_all([folder / f'{stem}.svg' for stem in entries], root)
    concepts = []
    for stem, (name, sound) in entries.items():
        photos = [path for path in [folder / f'{stem}.webp'] if path.exists()]
        images = (drawn[folder / f'{stem}.svg'], *photos)
        files = [f'{stem}.svg', *(photo.name for photo in photos), sound]
        concepts.append(
            Concept(
                id=f'gcompris/{activity.name}/{stem}',
                source='gcompris',
                name=name,
                texts=(name,),
                images=images,
                sounds=(SoundClip(folder / sound),),
                category=category_of(name, activity.name),
                styles=('drawing', 'photo')[: len(images)],
                licences=tuple(
                    (file, licences.of(f'src/activities/{activity.name}/{part}/{file}', readme))
                    for file in files
                ),
            )
        )
    return concepts


def _words(root: Path, licences: Licences) -> list[Concept]:
    folder = _unpack(root, 'lang', ('.webp', '.json')) / 'resource'
    chapters = json.loads((folder / 'words_sample.json').read_text('utf-8'))
    translations = _translations(folder)
    concepts = {}
    for lesson in (lesson for chapter in chapters for lesson in chapter['content']):
        for word in lesson['content']:
            picture = folder / 'words_sample' / word['image']
            name = word['description']
            spoken = word['voice'].rpartition('/')[2].replace('$CA', 'ogg')
            path = f'src/activities/lang/resource/words_sample/{picture.name}'
            concepts[picture.stem] = Concept(
                id=f'gcompris/words/{picture.stem}',
                source='gcompris',
                name=name,
                texts=(name,),
                images=(picture,),
                category=category_of(name, lesson['name']),
                translations=translations.get(spoken, ()),
                styles=('photo',),
                licences=((picture.name, licences.of(path)),),
            )
    return list(concepts.values())


def _translations(folder: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    """(language, word) by the file name of the spoken word."""
    found: dict[str, list[tuple[str, str]]] = {}
    for file in sorted(folder.glob('content-*.json')):
        language = file.stem.removeprefix('content-')
        if language.startswith('en'):
            continue
        for spoken, word in json.loads(file.read_text('utf-8')).items():
            if word:
                found.setdefault(spoken, []).append((language, word))
    return {spoken: tuple(words) for spoken, words in found.items()}
