# SPDX-License-Identifier: Apache-2.0
"""Things that are drawn and named at once, and looked for among pictures: emoji of held-out folds.

The drawing, the name and the pictures (two styles) are of different hands. Only things that
neither the sketch system nor See, Hear, and Read was trained on are used: few, but real.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xsense_ros.encoder import Encoder
from xsense_training.data.concepts import load_concepts
from xsense_training.data.folds import FOLDS, HELD_OUT
from xsense_training.data.image import WHITE, composite, load_rgba
from xsense_training.data.line_art import LineConcept, load_line_art
from xsense_training.data.line_art_split import split
from xsense_training.data.root import data_root
from xsense_training.features.line_rasters import cut_out
from xsense_training.features.views import plain_view
from xsense_training.fusion.events import Events, Views, embed

BUNDLES = ('image-sound-text', 'sketch-photo')
SENSES = ('sketch', 'text')
VIEWS = 2


def drawn_and_named(root: Path | None, encoder: Encoder) -> dict[str, Events]:
    """Events of 'validation' and 'test' things.

    Raises:
        InputError: a data set is missing; names the command that fetches it.
    """
    return {part: _events(things, encoder) for part, things in held_out(data_root(root)).items()}


def held_out(root: Path) -> dict[str, list[LineConcept]]:
    """Things of 'validation' and 'test' that no model was trained on."""
    fold_of = {concept.id: concept.fold for concept in load_concepts(root, ('emoji',))}
    lines = load_line_art(root)
    parts = split(lines, HELD_OUT)
    folds = {
        'validation': (parts.validation, (HELD_OUT + 1) % FOLDS),
        'test': (parts.test, HELD_OUT),
    }
    return {
        part: [
            line
            for line, inside in zip(lines, chosen, strict=True)
            if inside and fold_of.get(line.id) == fold
        ]
        for part, (chosen, fold) in folds.items()
    }


def _events(things: list[LineConcept], encoder: Encoder) -> Events:
    numbers = list(range(len(things)))
    drawn = [composite(load_rgba(thing.line), WHITE) for thing in things]
    shown = [
        (number, plain_view(cut_out(load_rgba(path))))
        for number, thing in enumerate(things)
        for path in thing.pictures.values()
    ]
    pictures = embed(encoder, 'image', [view for _, view in shown], [n for n, _ in shown])
    # A picture is of no moment at which something was asked.
    held = Views(pictures.vectors, pictures.thing, np.full(len(shown), -1))
    asked = {
        'sketch': embed(encoder, 'sketch', drawn, numbers),
        'text': embed(encoder, 'text', [thing.name for thing in things], numbers),
    }
    return Events(asked, {'image': held})
