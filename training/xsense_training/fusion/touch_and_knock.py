# SPDX-License-Identifier: Apache-2.0
"""Things that are touched and knocked on in the same place: the simulated set, held-out objects.

Objects of the shipped fold (recipes/crossnet): those that validated choose, those that were never
seen judge. Sensor units that no training may see are left out, as they are there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xsense_ros.encoder import Encoder
from xsense_training.data.image import load_image
from xsense_training.data.media import MediaFile
from xsense_training.data.root import data_root
from xsense_training.data.touch_set import UNSEEN, TouchSet
from xsense_training.fusion.events import Events, embed
from xsense_training.recipes.crossnet.data import load
from xsense_training.recipes.crossnet.gel import Gel
from xsense_training.recipes.crossnet.knocks import load_knock

BUNDLES = ('touch-vision-sound',)
SENSES = ('impact', 'touch')
VIEWS = 3  # of each thing and sense that are enrolled
DRAWS = 4
_HELD = ('image', 'touch', 'impact')


def touched_and_knocked(root: Path | None, encoder: Encoder) -> dict[str, Events]:
    """Events of 'validation' and 'test' objects; pictures are only held, never asked.

    Raises:
        InputError: the set is missing; names the command that makes it.
    """
    found = load('embedded', data_root(root))
    gel = Gel.of(found)
    return {
        'validation': _events(found, gel, encoder, 'val'),
        'test': _events(found, gel, encoder, 'test'),
    }


def _events(found: TouchSet, gel: Gel, encoder: Encoder, part: str) -> Events:
    files = {sense: _by_concept(found, sense, part) for sense in _HELD}
    concepts = sorted(set.intersection(*(set(own) for own in files.values())))
    names = sorted({name.rpartition('/')[0] for name in concepts})
    thing = [names.index(name.rpartition('/')[0]) for name in concepts]

    def sample(sense: str, file: MediaFile) -> Any:
        if sense == 'touch':
            return gel.press(file)
        return load_knock(file) if sense == 'impact' else load_image(file.path)

    # Row i of all senses is the same place of the same thing, so it is the same moment too.
    held = {
        sense: embed(encoder, sense, [sample(sense, own[name]) for name in concepts], thing)
        for sense, own in files.items()
    }
    assert np.array_equal(held['touch'].thing, held['impact'].thing)
    return Events({sense: held[sense] for sense in SENSES}, held)


def _by_concept(found: TouchSet, sense: str, part: str) -> dict[str, MediaFile]:
    """Files of a part by 'OBJECT/INSTANCE', without those of units that are kept for the test."""
    return {
        file.concept: file
        for file in found.of(sense, UNSEEN, part)
        if not found.details.get(file.concept, {}).get('unseen_unit')
    }
