# SPDX-License-Identifier: Apache-2.0
"""What happens in the sample recording, and what the robot has been shown and has heard before.

Keys are those of the library: Tux Paint stamps and emoji that no shipped model was trained on, and
pictures and recordings of instruments, of which the models know the kind alone. Things that are
touched are the first test objects of a simulated set, none of them chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = 'unknown'  # truth of something that the gallery does not hold
NOTHING = ''  # truth of an empty scene, or of silence
# Kinds of questions: the recording names them beside the truth, and the demo counts them apart.
# What is sensed on the topics is looked for among the views of its own kind, and what is drawn or
# written among the pictures; the three kinds with a comma are asked on purpose.
STREAMED = {
    'image': 'picture -> picture',
    'sketch': 'sketch -> picture',
    'sound': 'sound -> sound',
    'text': 'text -> picture',
    'touch': 'touch -> picture',
    'impact': 'knock -> picture',
}
MADE_TO_SOUND = 'picture -> sound, by kind'
HEARD_KIND = 'sound -> picture, by kind'
HEARD_FIRST = 'sound -> picture, new thing'

STAMPS = 48  # remembered things that are Tux Paint stamps
SIGHT_SECONDS = 2.0
SOUND_PERIOD = 3.2
TEXT_PERIOD = 2.4
SKETCH_PERIOD = 2.6
TOUCH_PERIOD = 2.0
TOUCHED = 15  # simulated things that are touched and knocked on, ...
TOUCHED_STRANGERS = (4, 9, 14)  # ... of which the robot has not been shown these


@dataclass(frozen=True)
class Item:
    """A remembered thing: an id, a label, and what the robot has been shown or has heard of it."""

    item_id: str
    label: str
    picture: str | None = None
    sound: str | None = None


@dataclass(frozen=True)
class Sight:
    """A thing before the camera.

    Attributes:
        shown: the picture; None for an empty scene.
        means: id of the item that it should find, where that is not the item of this picture.
        sounds_like: id of the item that is asked for by `MADE_TO_SOUND`; None: nothing is asked.
        raw: sent as raw pixels instead of JPEG.
    """

    shown: str | None
    means: str | None = None
    raw: bool = False
    sounds_like: str | None = None


@dataclass(frozen=True)
class Heard:
    """A recording that is heard.

    Attributes:
        sound: the recording. Where the robot has heard one of this thing, it should know it.
        asked: the kind of question that is asked on purpose with it; None: none.
        means: id of the item that answers this question; None: that of the picture of the thing.
    """

    sound: str
    asked: str | None = None
    means: str | None = None


@dataclass(frozen=True)
class Question:
    """A text, and the picture that it should find; None where nothing in the gallery fits."""

    text: str
    means: str | None


@dataclass(frozen=True)
class Drawing:
    """A sketch, on paper or in chalk on a board, raw or as JPEG."""

    sketch: str
    board: bool = False
    raw: bool = False


# Instruments that the robot has been shown, and will hear: another instrument of the kind in some.
INSTRUMENTS_SEEN = (
    Item('violin', 'violin (bowed strings)', 'tuxpaint/hobbies/music/string/violin#0-stamp'),
    Item('piano', 'piano', 'gcompris/instruments/piano#0-drawing'),
    Item(
        'electric-guitar',
        'electric guitar (guitars)',
        'gcompris/instruments/electric_guitar#0-drawing',
    ),
    Item('trumpet', 'trumpet (brass)', 'tuxpaint/hobbies/music/brass/trumpet#0-stamp'),
    Item('snare-drum', 'snare drum (drums)', 'gcompris/instruments/snare_drum#0-drawing'),
    Item('banjo', 'banjo (plucked strings)', 'emoji/1FA95#2-noto'),
)
# Instruments that it has only heard, and will see.
INSTRUMENTS_HEARD = (
    Item('saxophone', 'saxophone (reeds)', None, 'gcompris/instruments/saxophone'),
    Item('ocarina', 'ocarina (flutes)', None, 'soundfont/079'),
    Item('accordion', 'accordion (organs)', None, 'gcompris/instruments/accordion'),
    Item('glockenspiel', 'glockenspiel (tuned percussion)', None, 'soundfont/009'),
)
# Emoji that it has been shown: the style of the picture in the gallery.
EMOJI = {
    'emoji/1F33C': 'twemoji',
    'emoji/1F359': 'noto',
    'emoji/1F35C': 'twemoji',
    'emoji/1F35D': 'noto',
    'emoji/1F363': 'noto',
    'emoji/1F396': 'twemoji',
    'emoji/1F3B0': 'noto',
    'emoji/1F490': 'twemoji',
    'emoji/1F5A8': 'twemoji',
    'emoji/1F95B': 'noto',
    'emoji/1F9A8': 'twemoji',
    'emoji/1F9C3': 'twemoji',
    'emoji/1FAA9': 'noto',
    'emoji/1FAB7': 'twemoji',
    'emoji/1FACE': 'noto',
    'emoji/2328': 'noto',
    'emoji/2693': 'noto',
    'emoji/26F4': 'noto',
}
SIGHTS = (
    Sight(None),
    Sight('tuxpaint/animals/mammals/dogs/fox'),
    Sight('emoji/1F363:twemoji', 'sushi'),
    Sight('tuxpaint/animals/mammals/equines/zebra2', 'zebra'),
    Sight('emoji/1F3B7#2-noto', sounds_like='saxophone'),
    Sight('tuxpaint/clothes/red_handbag'),
    Sight('tuxpaint/household/electronics/phone'),
    Sight('emoji/2693:twemoji', 'anchor'),
    Sight('tuxpaint/food/fruit/banana', raw=True),
    Sight('gcompris/instruments/organ#0-drawing', sounds_like='accordion'),
    Sight('tuxpaint/sports/stopwatch'),
    Sight('emoji/2328:twemoji', 'keyboard'),
    Sight('tuxpaint/animals/mammals/equines/horse'),
    Sight('tuxpaint/vehicles/iso_fireengine', 'fire-truck'),
    Sight('emoji/1F3B0:twemoji', 'slot-machine'),
    Sight('tuxpaint/household/electronics/laptop'),
    Sight('emoji/1FA88#1-twemoji', sounds_like='ocarina'),
    Sight('tuxpaint/animals/mammals/hippopotamus'),
    Sight('tuxpaint/clothes/sunglasses_01'),
    Sight('emoji/1FACE:twemoji', 'moose'),
    Sight('tuxpaint/clothes/armor/cartoon/knight_helmet'),
    Sight('tuxpaint/town/houses/cartoon/windmill'),
    Sight('gcompris/instruments/triangle#0-drawing', sounds_like='glockenspiel'),
    Sight('tuxpaint/animals/birds/seagull'),
    Sight('emoji/26F4:twemoji', 'ferry'),
    Sight('tuxpaint/sports/tennis_ball'),
    Sight('gcompris/instruments/maracas#0-drawing', sounds_like=UNKNOWN),
    Sight('tuxpaint/vehicles/cycle/bluebike'),
)
SOUNDS = (
    Heard('tuxpaint/vehicles/emergency/firetruck', HEARD_FIRST),
    Heard('gcompris/instruments/violin', HEARD_KIND, 'violin'),
    Heard('tuxpaint/animals/mammals/equines/horse'),
    Heard('soundfont/002', HEARD_KIND, 'piano'),
    Heard('tuxpaint/animals/birds/seagull', HEARD_FIRST),
    Heard('tuxpaint/animals/mammals/bears/bear'),
    Heard('gcompris/instruments/electric_guitar', HEARD_KIND, 'electric-guitar'),
    Heard('tuxpaint/hobbies/music/percussion/cymbal_crash', HEARD_KIND, UNKNOWN),
    Heard('tuxpaint/animals/birds/blackbird'),
    Heard('gcompris/instruments/tuba', HEARD_KIND, 'trumpet'),
    Heard('tuxpaint/household/toilet', HEARD_FIRST),
    Heard('soundfont/116', HEARD_KIND, 'snare-drum'),
    Heard('tuxpaint/animals/mammals/dogs/fox'),
    Heard('gcompris/instruments/harp', HEARD_KIND, 'banjo'),
    Heard('tuxpaint/household/tools/saw', HEARD_FIRST),
    Heard('gcompris/instruments/bongo', HEARD_KIND, 'snare-drum'),
    Heard('tuxpaint/animals/mammals/equines/zebra'),
)
DRAWINGS = (
    Drawing('emoji/2693'),
    Drawing('emoji/1F363'),
    Drawing('emoji/1F9A8'),
    Drawing('emoji/1F358'),
    Drawing('emoji/1F5A8', raw=True),
    Drawing('emoji/1FAB7'),
    Drawing('emoji/1F95B', board=True),
    Drawing('emoji/1FACE'),
    Drawing('emoji/1F3B0'),
    Drawing('emoji/1F9CA'),
    Drawing('emoji/1F490'),
    Drawing('emoji/26F4', raw=True),
    Drawing('emoji/1F35D'),
    Drawing('emoji/1FAA9', board=True),
    Drawing('emoji/2328'),
    Drawing('emoji/1F948'),
    Drawing('emoji/1F359'),
    Drawing('emoji/1F9C3'),
    Drawing('emoji/1F396'),
    Drawing('emoji/1F33C', raw=True),
    Drawing('emoji/1F35C', board=True),
)
QUESTIONS = (
    Question('a fox', 'tuxpaint/animals/mammals/dogs/fox'),
    Question('tennis ball', 'tuxpaint/sports/tennis_ball'),
    Question('a slice of bread', 'tuxpaint/food/loaf_of_bread'),
    Question('fire truck', 'tuxpaint/vehicles/emergency/firetruck'),
    Question('seahorse', 'tuxpaint/animals/fish/seahorse'),
    Question('an igloo', None),
    Question('banana', 'tuxpaint/food/fruit/banana'),
    Question('where is my telephone?', 'tuxpaint/household/electronics/phone'),
    Question('a big grey animal that lives in the river', 'tuxpaint/animals/mammals/hippopotamus'),
    Question('sombrero', 'tuxpaint/clothes/hats/sombrero'),
    Question('zebra', 'tuxpaint/animals/mammals/equines/zebra'),
    Question('a cup of coffee', 'tuxpaint/household/dishes/expresso'),
    Question('fishing net', None),
    Question('red bag', 'tuxpaint/clothes/red_handbag'),
    Question('the sun', 'tuxpaint/space/planets/0_sun'),
    Question('syringe', 'tuxpaint/medical/syringe'),
    Question('bicycle', 'tuxpaint/vehicles/cycle/bluebike'),
    Question('rocket launch', None),
    Question('pineapple', 'tuxpaint/food/fruit/pineapple'),
    Question('windmill', 'tuxpaint/town/houses/cartoon/windmill'),
    Question('sushi', 'emoji/1F363:noto'),
    Question("a ship's anchor", 'emoji/2693:noto'),
    Question('moose', 'emoji/1FACE:noto'),
)
# Never remembered: they play the part of the unknown.
STRANGERS = (
    'tuxpaint/sports/stopwatch',
    'tuxpaint/clothes/armor/cartoon/knight_helmet',
    'tuxpaint/hobbies/music/percussion/cymbal_crash',
)
