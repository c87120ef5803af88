# SPDX-License-Identifier: Apache-2.0
"""What the robot has been shown and has heard before the recording begins."""

from __future__ import annotations

import re

from xsense_training.sample_recording import scenario
from xsense_training.sample_recording.library import Library, find
from xsense_training.sample_recording.touched import chosen

# Abstract signs that nobody would show to a robot, and instruments, which have their own part.
_LEFT_OUT = tuple(
    f'tuxpaint/{start}'
    for start in (
        *('symbols/', 'people/', 'seasonal/hanukkah', 'space/moon', 'town/roadsigns/'),
        'hobbies/music/',
    )
)


def check(library: Library) -> None:
    """InputError where the library lacks something of the scenario."""
    shown = [sight.shown for sight in scenario.SIGHTS] + [
        question.means for question in scenario.QUESTIONS
    ]
    shown += [item.picture for item in (*scenario.INSTRUMENTS_SEEN, *scenario.INSTRUMENTS_HEARD)]
    shown += [f'{key}:{style}' for key, style in scenario.EMOJI.items()]
    for key in filter(None, shown):
        find('picture', library.pictures, key)
    for heard in scenario.SOUNDS:
        find('recording', library.sounds, heard.sound)
    for item in scenario.INSTRUMENTS_HEARD:
        find('recording', library.sounds, item.sound or '')
    for drawing in scenario.DRAWINGS:
        find('sketch', library.sketches, drawing.sketch)


def remembered(library: Library) -> list[scenario.Item]:
    """What the robot knows when the recording begins, ordered by id.

    All that the scenario asks for, filled up with stamps. No two things share a name: there is one
    right answer to every question.

    Raises:
        InputError: something of the scenario is not there, or not held out.
    """
    check(library)
    items = [*scenario.INSTRUMENTS_SEEN, *scenario.INSTRUMENTS_HEARD]
    for key, style in scenario.EMOJI.items():
        picture = f'{key}:{style}'
        name = library.pictures[picture].name
        items.append(scenario.Item(slug(name), name, picture))
    for index, thing in enumerate(chosen(library.things, scenario.TOUCHED)):
        if index not in scenario.TOUCHED_STRANGERS:
            items.append(scenario.Item(slug(thing.name), thing.name, thing.key))
    names = {item.item_id for item in items}
    before = {heard.sound for heard in scenario.SOUNDS if heard.asked is None}
    count = 0
    for key in _stamps(library):
        name = library.pictures[key].name
        if count < scenario.STAMPS and slug(name) not in names:
            items.append(scenario.Item(slug(name), name, key, key if key in before else None))
            names.add(slug(name))
            count += 1
    return sorted(items, key=lambda item: item.item_id)


def _stamps(library: Library) -> list[str]:
    """Stamps in the order in which they are taken: those asked for, then some of every group."""
    asked = [sight.shown for sight in scenario.SIGHTS if not sight.means] + [
        heard.sound for heard in scenario.SOUNDS
    ]
    asked += [question.means for question in scenario.QUESTIONS]
    asked += ['tuxpaint/animals/mammals/equines/zebra', 'tuxpaint/vehicles/emergency/firetruck']
    others = [
        key
        for key in sorted(library.pictures)
        if key.startswith('tuxpaint/') and '#' not in key and not key.startswith(_LEFT_OUT)
    ]
    order = [*filter(None, asked), *(key for offset in range(3) for key in others[offset::3])]
    strange = {slug(library.pictures[key].name) for key in scenario.STRANGERS}
    return [
        key
        for key in dict.fromkeys(order)
        if key in others and slug(library.pictures[key].name) not in strange
    ]


def slug(name: str) -> str:
    """Identifier of a remembered thing: its name in lower case with dashes."""
    return re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')
