# SPDX-License-Identifier: Apache-2.0
"""Loaders of Tux Paint, emoji and GCompris on tiny folders in the real layouts."""

from __future__ import annotations

from pathlib import Path

import pytest

from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept
from xsense_training.data.concepts import load_concepts
from xsense_training.data.emoji import code_points, load_emoji
from xsense_training.data.gcompris import Licences, load_gcompris
from xsense_training.data.image import load_image
from xsense_training.data.tuxpaint import load_tuxpaint


def by_id(concepts: list[Concept]) -> dict[str, Concept]:
    return {concept.id: concept for concept in concepts}


def test_tuxpaint(tiny_root: Path) -> None:
    stamps = by_id(load_tuxpaint(tiny_root))
    assert list(stamps) == [
        'tuxpaint/animals/birds/tux',
        'tuxpaint/animals/cats/cartoon/cat',
        'tuxpaint/animals/dogs/dog',
    ]
    dog = stamps['tuxpaint/animals/dogs/dog']
    assert (dog.name, dog.texts, dog.category) == ('dog', ('A dog.',), 'dog')
    assert [path.name for path in dog.images] == ['dog.png']
    assert [clip.path.name for clip in dog.sounds] == ['dog.ogg']
    assert [(language, path.name) for language, path in dog.speech] == [
        ('en', 'dog_desc.ogg'),
        ('pt_BR', 'dog_desc_pt_BR.wav'),
    ]
    assert dog.translations == (('fr', 'Un chien.'),)
    cat = stamps['tuxpaint/animals/cats/cartoon/cat']
    assert cat.styles == ('cartoon',)
    # The drawing (blue) takes the place of the PNG (red).
    assert load_image(cat.images[0])[0, 0].tolist() == [0, 0, 255]


def test_a_silent_effect_is_no_sound(tiny_root: Path) -> None:
    assert by_id(load_tuxpaint(tiny_root))['tuxpaint/animals/birds/tux'].sounds == ()


def test_emoji(tiny_root: Path) -> None:
    emoji = by_id(load_emoji(tiny_root))
    assert list(emoji) == ['emoji/0023-FE0F-20E3', 'emoji/1F3B8', 'emoji/1F415']
    dog = emoji['emoji/1F415']
    assert (dog.name, dog.category) == ('dog', 'dog')
    assert dog.tags == ('animal', 'pet', 'bark')
    assert dog.styles == ('openmoji', 'twemoji', 'noto')
    assert len(dog.images) == 3
    assert emoji['emoji/1F3B8'].category == 'guitar'
    assert emoji['emoji/1F3B8'].styles == ('openmoji', 'twemoji')
    # Joined although one set writes 0023-FE0F-20E3 and another 23-20e3.
    assert len(emoji['emoji/0023-FE0F-20E3'].images) == 3


def test_emoji_options(tiny_root: Path) -> None:
    every = by_id(load_emoji(tiny_root, groups=None, line_art=True))
    assert 'emoji/1F600' in every
    assert 'emoji/1F44B' not in every
    assert every['emoji/1F600'].styles == ('openmoji', 'openmoji-black')


def test_code_points() -> None:
    assert code_points('0023-FE0F-20E3') == code_points('23-20e3') == '23-20e3'


def test_gcompris(tiny_root: Path) -> None:
    concepts = by_id(load_gcompris(tiny_root))
    assert list(concepts) == [
        'gcompris/explore_farm_animals/chicken',
        'gcompris/instruments/flute_traversiere',
        'gcompris/words/bee',
        'gcompris/words/dog',
    ]
    chicken = concepts['gcompris/explore_farm_animals/chicken']
    assert (chicken.name, chicken.category) == ('chicken', 'chicken')
    assert chicken.styles == ('drawing', 'photo')
    assert [clip.path.name for clip in chicken.sounds] == ['chickens.ogg']
    assert dict(chicken.licences) == {
        'chicken.svg': 'CC0-1.0',
        'chicken.webp': 'GPL-3+',
        'chickens.ogg': 'GPLv3',
    }
    flute = concepts['gcompris/instruments/flute_traversiere']
    assert (flute.name, flute.category) == ('transverse flute', 'flute')
    dog = concepts['gcompris/words/dog']
    assert dog.translations == (('fr', 'chien'),)
    assert dog.licences == (('dog.webp', 'CC-BY-SA-3.0'),)
    assert concepts['gcompris/words/bee'].translations == ()


def test_gcompris_is_unpacked_again_when_the_archive_changes(tiny_root: Path) -> None:
    load_gcompris(tiny_root)
    picture = tiny_root / 'cache' / 'gcompris' / 'lang' / 'resource' / 'words_sample' / 'dog.webp'
    mark = tiny_root / 'cache' / 'gcompris' / 'lang' / '.unpacked'
    picture.unlink()
    mark.write_text('0')
    load_gcompris(tiny_root)
    assert picture.exists()


def test_unknown_licence_points_to_the_file() -> None:
    assert 'copyright file' in Licences('').of('src/x')


def test_load_concepts_joins_sources(tiny_root: Path) -> None:
    concepts = load_concepts(tiny_root, manifest=None)
    assert [concept.id for concept in concepts] == sorted(concept.id for concept in concepts)
    assert {concept.source for concept in concepts} == {'tuxpaint', 'emoji', 'gcompris'}
    assert len({concept.fold for concept in concepts if concept.name == 'dog'}) == 1
    assert all(
        concept.texts and len(concept.images) == len(concept.styles) for concept in concepts
    )


def test_load_concepts_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='bogus'):
        load_concepts(tmp_path, ['bogus'])
    with pytest.raises(InputError, match='xsense-train data fetch tuxpaint'):
        load_concepts(tmp_path, ['tuxpaint'])
