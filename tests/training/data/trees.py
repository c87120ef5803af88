# SPDX-License-Identifier: Apache-2.0
"""Tiny data sets in the layouts of the real ones."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">'
    b'<rect width="100%%" height="100%%" fill="%s"/></svg>'
)


def tone(path: Path, hertz: float = 440.0, seconds: float = 0.5, rate: int = 8000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * rate)) / rate
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * hertz * time), rate)


def picture(path: Path, colour: tuple[int, int, int, int] = (200, 30, 30, 255)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGBA', (12, 8), colour).save(path)


def drawing(path: Path, width: int = 10, height: int = 20, fill: bytes = b'#0000ff') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SVG % (width, height, fill))


def tuxpaint_tree(root: Path) -> Path:
    """Three stamps: a dog with sound and speech, a drawn cat, a silent penguin."""
    stamps = root / 'tuxpaint-stamps-default' / 'usr' / 'share' / 'tuxpaint' / 'stamps'
    animals = stamps / 'animals'
    picture(animals / 'dogs' / 'dog.png')
    picture(animals / 'dogs' / 'dog_mirror.png')
    (animals / 'dogs' / 'dog.txt').write_text('A dog.\nfr.utf8=Un chien.\nde.utf8=\n', 'utf-8')
    tone(animals / 'dogs' / 'dog.ogg')
    tone(animals / 'dogs' / 'dog_desc.ogg', 200)
    tone(animals / 'dogs' / 'dog_desc_pt_BR.wav', 250)
    picture(animals / 'cats' / 'cartoon' / 'cat.png')
    drawing(animals / 'cats' / 'cartoon' / 'cat.svg')
    (animals / 'cats' / 'cartoon' / 'cat.txt').write_text('A black cat.\n', 'utf-8')
    picture(animals / 'birds' / 'tux.png', (0, 0, 0, 128))
    (animals / 'birds' / 'tux.txt').write_text('Tux\u2014the Linux mascot!\n', 'utf-8')
    soundfile.write(animals / 'birds' / 'tux.wav', np.zeros(4000), 8000)
    return stamps


OPENMOJI_COLUMNS = 'emoji,hexcode,group,subgroups,annotation,tags,openmoji_tags,skintone\n'


def emoji_tree(root: Path) -> None:
    """Two things in three styles, one in one style, one smiley, one skin tone variant."""
    rows = (
        'x,1F415,animals-nature,animal-mammal,dog,"animal, pet","bark, pet",\n'
        'x,1F3B8,activities,music,guitar,"music",,\n'
        'x,0023-FE0F-20E3,objects,other-object,hash key,,,\n'
        'x,1F600,smileys-emotion,face-smiling,grinning face,face,,\n'
        'x,1F44B,objects,other-object,wave,,,1\n'
    )
    table = root / 'openmoji' / 'data' / 'openmoji.csv'
    table.parent.mkdir(parents=True)
    table.write_text(OPENMOJI_COLUMNS + rows, 'utf-8')
    for index, code in enumerate(('1F415', '1F3B8', '0023-FE0F-20E3', '1F600')):
        drawing(root / 'openmoji' / 'color' / 'svg' / f'{code}.svg', fill=b'#00%02x00' % index)
        drawing(root / 'openmoji' / 'black' / 'svg' / f'{code}.svg', fill=b'#0000%02x' % index)
    for index, code in enumerate(('1f415', '1f3b8', '23-20e3')):
        drawing(root / 'twemoji-svg' / f'{code}.svg', fill=b'#%02x0000' % index)
    for index, code in enumerate(('1f415', '0023-fe0f-20e3')):
        picture(
            root / 'emoji-datasource-google' / 'img' / 'google' / '64' / f'{code}.png',
            (index, 9, 9, 255),
        )


def rcc(files: dict[str, bytes], version: int = 3, compress: bool = False) -> bytes:
    """A Qt resource file with the given files, written from the description of the format."""
    tree: dict[str, object] = {}
    for path, content in files.items():
        *folders, name = path.split('/')
        folder = tree
        for part in folders:
            folder = folder.setdefault(part, {})  # type: ignore[assignment]
        folder[name] = content
    names, payloads = b'', b''
    nodes: list[bytes] = []

    def name_offset(name: str) -> int:
        nonlocal names
        offset = len(names)
        names += struct.pack('>HI', len(name), 0) + name.encode('utf-16-be')
        return offset

    tail = b'' if version == 1 else struct.pack('>Q', 0)
    queue: list[tuple[str, object]] = [('', tree)]
    first_child = 1
    while queue:
        name, entry = queue.pop(0)
        offset = name_offset(name)
        if isinstance(entry, dict):
            nodes.append(struct.pack('>IHII', offset, 2, len(entry), first_child) + tail)
            first_child += len(entry)
            queue += entry.items()
        else:
            assert isinstance(entry, bytes)
            stored = struct.pack('>I', len(entry)) + zlib.compress(entry) if compress else entry
            flags = 1 if compress else 0
            nodes.append(struct.pack('>IHHHI', offset, flags, 0, 1, len(payloads)) + tail)
            payloads += struct.pack('>I', len(stored)) + stored
    header = 24 if version == 3 else 20
    data_at = header
    names_at = data_at + len(payloads)
    tree_at = names_at + len(names)
    head = b'qres' + struct.pack('>4I', version, tree_at, data_at, names_at)
    head += struct.pack('>I', 1 if compress else 0) if version == 3 else b''
    return head + payloads + names + b''.join(nodes)


def ogg_bytes(folder: Path, hertz: float) -> bytes:
    path = folder / 'made.ogg'
    tone(path, hertz)
    return path.read_bytes()


def webp_bytes(folder: Path, shade: int) -> bytes:
    path = folder / 'made.webp'
    Image.new('RGB', (6, 6), (shade, 0, 0)).save(path, lossless=True)
    return path.read_bytes()


def gcompris_tree(root: Path, scratch: Path) -> None:
    """One instrument, one farm animal with photo, two words."""
    folder = root / 'gcompris-qt-data' / 'usr' / 'share'
    archives = folder / 'gcompris-qt' / 'rcc'
    archives.mkdir(parents=True)
    activities = 'gcompris/src/activities'
    script = (
        b'{ "image": "qrc:/x/resource/flute_traversiere.svg",\n'
        b'  "text": qsTr("Find the transverse flute"), }'
    )
    (archives / 'instruments.rcc').write_bytes(
        rcc(
            {
                f'{activities}/instruments/instruments.js': script,
                f'{activities}/instruments/resource/README': b'nothing here',
                f'{activities}/instruments/resource/flute_traversiere.svg': SVG
                % (5, 5, b'#111111'),
                f'{activities}/instruments/resource/flute_traversiere.ogg': ogg_bytes(
                    scratch, 900
                ),
            },
            compress=True,
        )
    )
    board = (
        b'"image": "qrc:/x/animals/chicken.svg",\n"title": qsTr("Chicken"),\n'
        b'"audio": f("qrc:/x/animals/chickens.$CA"),'
    )
    animals = f'{activities}/explore_farm_animals/resource/animals'
    readme = (
        b'Copyright: A\nLicense: CC0-1.0\nFiles:\nchicken.svg\n\nLicense: GPLv3\nchickens.ogg\n'
    )
    (archives / 'explore_farm_animals.rcc').write_bytes(
        rcc(
            {
                f'{activities}/explore_farm_animals/resource/board/board1.qml': board,
                f'{animals}/README': readme,
                f'{animals}/chicken.svg': SVG % (5, 5, b'#222222'),
                f'{animals}/chicken.webp': webp_bytes(scratch, 1),
                f'{animals}/chickens.ogg': ogg_bytes(scratch, 1200),
            }
        )
    )
    words = (
        b'[{"name": "nature", "content": [{"name": "animal", "content": ['
        b'{"description": "dog", "image": "dog.webp", "voice": "v/words/dog.$CA"},'
        b'{"description": "bee", "image": "bee.webp", "voice": "v/words/bee.$CA"}]}]}]'
    )
    french = b'{"dog.ogg": "chien", "bee.ogg": ""}'
    (archives / 'lang.rcc').write_bytes(
        rcc(
            {
                f'{activities}/lang/resource/words_sample.json': words,
                f'{activities}/lang/resource/content-fr.json': french,
                f'{activities}/lang/resource/content-en.json': b'{"dog.ogg": "dog"}',
                f'{activities}/lang/resource/words_sample/dog.webp': webp_bytes(scratch, 2),
                f'{activities}/lang/resource/words_sample/bee.webp': webp_bytes(scratch, 3),
            }
        )
    )
    copyright_file = folder / 'doc' / 'gcompris-qt-data' / 'copyright'
    copyright_file.parent.mkdir(parents=True)
    copyright_file.write_text(
        'Format: x\n\nFiles: *\nCopyright: someone\nLicense: GPL-3+\n\n'
        'Files: src/activities/other/*\n       src/activities/lang/resource/words_sample/*\n'
        'Copyright: someone\nLicense: CC-BY-SA-3.0\n',
        'utf-8',
    )
