# SPDX-License-Identifier: Apache-2.0
"""What happens in the sample recording, and which pictures the robot has been shown before.

Everything is a Tux Paint stamp of the held-out fold. Paths are those of its concepts, without the
leading `tuxpaint/`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept
from xsense_training.data.folds import HELD_OUT

UNKNOWN = 'unknown'  # truth of something that the gallery does not hold
NOTHING = ''  # truth of an empty scene, or of silence
GALLERY_SIZE = 48
SIGHT_SECONDS = 2.4
SOUND_PERIOD = 4.0
TEXT_PERIOD = 2.0


@dataclass(frozen=True)
class Sight:
    """A thing before the camera.

    Attributes:
        shown: the stamp; None for an empty scene.
        means: the remembered stamp that it should find, where the gallery holds another picture of
            the same thing; None where it is `shown` itself.
        raw: sent as raw pixels instead of JPEG.
    """

    shown: str | None
    means: str | None = None
    raw: bool = False


@dataclass(frozen=True)
class Question:
    """A text, and the stamp that it should find; None where nothing in the gallery fits."""

    text: str
    means: str | None


SIGHTS = (
    Sight(None),
    Sight('animals/mammals/dogs/fox'),
    Sight('animals/mammals/equines/zebra2', means='animals/mammals/equines/zebra'),
    Sight('clothes/red_handbag'),
    Sight('household/electronics/phone'),
    Sight('food/fruit/banana', raw=True),
    Sight('sports/stopwatch'),
    Sight('animals/mammals/equines/horse'),
    Sight('vehicles/iso_fireengine', means='vehicles/emergency/firetruck'),
    Sight('household/electronics/laptop'),
    Sight('animals/mammals/hippopotamus'),
    Sight('clothes/sunglasses_01'),
    Sight('clothes/armor/cartoon/knight_helmet'),
    Sight('town/houses/cartoon/windmill'),
    Sight('animals/birds/seagull'),
    Sight('sports/tennis_ball'),
    Sight('vehicles/cycle/bluebike'),
)
SOUNDS = (
    'vehicles/emergency/firetruck',
    'animals/mammals/equines/horse',
    'animals/birds/seagull',
    'animals/mammals/bears/bear',
    'hobbies/music/percussion/cymbal_crash',
    'animals/birds/blackbird',
    'household/toilet',
    'animals/mammals/dogs/fox',
    'household/tools/saw',
    'animals/mammals/equines/zebra',
)
# The robot has heard these once, in another room, when it was shown their pictures.
HEARD_BEFORE = SOUNDS[1::2]
QUESTIONS = (
    Question('a fox', 'animals/mammals/dogs/fox'),
    Question('tennis ball', 'sports/tennis_ball'),
    Question('a slice of bread', 'food/loaf_of_bread'),
    Question('fire truck', 'vehicles/emergency/firetruck'),
    Question('seahorse', 'animals/fish/seahorse'),
    Question('an igloo', None),
    Question('banana', 'food/fruit/banana'),
    Question('where is my telephone?', 'household/electronics/phone'),
    Question('a big grey animal that lives in the river', 'animals/mammals/hippopotamus'),
    Question('sombrero', 'clothes/hats/sombrero'),
    Question('zebra', 'animals/mammals/equines/zebra'),
    Question('a cup of coffee', 'household/dishes/expresso'),
    Question('fishing net', None),
    Question('red bag', 'clothes/red_handbag'),
    Question('the sun', 'space/planets/0_sun'),
    Question('syringe', 'medical/syringe'),
    Question('bicycle', 'vehicles/cycle/bluebike'),
    Question('rocket launch', None),
    Question('pineapple', 'food/fruit/pineapple'),
    Question('windmill', 'town/houses/cartoon/windmill'),
)
# Never remembered: they play the part of the unknown.
STRANGERS = (
    'sports/stopwatch',
    'clothes/armor/cartoon/knight_helmet',
    'hobbies/music/percussion/cymbal_crash',
)
# Abstract signs that nobody would show to a robot.
_LEFT_OUT = ('symbols/', 'people/', 'seasonal/hanukkah', 'space/moon', 'town/roadsigns/')


def held_out_stamps(concepts: Sequence[Concept]) -> dict[str, Concept]:
    """The Tux Paint stamps of the held-out fold, by path.

    Raises:
        InputError: a stamp of the scenario is missing or not held out.
    """
    stamps = {
        concept.id.removeprefix('tuxpaint/'): concept
        for concept in concepts
        if concept.source == 'tuxpaint' and concept.fold == HELD_OUT
    }
    wanted = {path for sight in SIGHTS for path in (sight.shown, sight.means)}
    wanted |= {question.means for question in QUESTIONS} | set(SOUNDS)
    for path in sorted(filter(None, wanted)):
        if path not in stamps:
            raise InputError(
                'stamp of the scenario',
                path,
                f'a Tux Paint stamp of fold {HELD_OUT}',
                'choose another stamp in scenario.py, or fetch the data set again',
            )
    return stamps


def gallery_stamps(stamps: dict[str, Concept]) -> dict[str, Concept]:
    """What the robot remembers: all that the scenario asks for, filled up to GALLERY_SIZE.

    No two of them share a name: there is one right answer to every query.
    """
    asked = [sight.means or sight.shown for sight in SIGHTS]
    asked += [*SOUNDS, *(question.means for question in QUESTIONS)]
    chosen: dict[str, Concept] = {}
    others = [path for path in sorted(stamps) if not path.startswith(_LEFT_OUT)]
    # Stepping through the sorted list by a stride takes some of every group.
    others = [path for offset in range(3) for path in others[offset::3]]
    names = {stamps[path].name for path in STRANGERS}
    for path in [*filter(None, asked), *others]:
        if path not in STRANGERS and path not in chosen and stamps[path].name not in names:
            chosen[path] = stamps[path]
            names.add(stamps[path].name)
        if len(chosen) == GALLERY_SIZE:
            break
    return dict(sorted(chosen.items()))


def item_id(concept: Concept) -> str:
    """Identifier of a remembered thing: its name in lower case with dashes."""
    return re.sub(r'[^a-z0-9]+', '-', concept.name.lower()).strip('-')
