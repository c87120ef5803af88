# SPDX-License-Identifier: Apache-2.0
"""Real samples of what a shipped bundle was made for, as the robot's encoder takes them.

What changes a bundle after it was trained (another precision, say) is fitted on samples of the
trained folds and judged on those of the fold that the shipped towers never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import around
from xsense_ros.matching.geometry import square_around
from xsense_training.data.audio_visual import load_audio_visual
from xsense_training.data.concepts import load_concepts
from xsense_training.data.image import WHITE, composite, load_image, load_rgba
from xsense_training.data.line_art import load_line_art
from xsense_training.data.line_art_split import split as split_line_art
from xsense_training.data.recordings import is_silent
from xsense_training.data.root import data_root
from xsense_training.data.sound import load_sound
from xsense_training.data.touch_set import UNSEEN
from xsense_training.export.precision_matches import SearchSample
from xsense_training.features.line_rasters import cut_out
from xsense_training.features.views import plain_view
from xsense_training.recipes.crossnet.data import load as load_touches
from xsense_training.recipes.crossnet.gel import Gel
from xsense_training.recipes.crossnet.knocks import load_knock
from xsense_training.recipes.hetero.protocol import (
    JITTERS,
    SQUARES,
    draw_searches,
    search_view,
    template_view,
)
from xsense_training.recipes.hetero.sets import open_set
from xsense_training.recipes.registry import EMBEDDED
from xsense_training.recipes.see_hear_read.data import SOURCES

SHIPPED_FOLD = 0
SEED = 11  # of searches
T = TypeVar('T')


@dataclass(frozen=True)
class RealSample:
    """sample: as Encoder.encode takes it; thing: equal for samples that answer each other."""

    modality: str
    sample: Any
    thing: str


def real_samples(
    space: str, count: int, *, held_out: bool, root: Path | None = None
) -> list[RealSample]:
    """Some samples of every modality of a shipped bundle, spread over its data.

    Args:
        space: of the bundle, 'sketch-photo' for instance.
        count: about how many of each modality; fewer where the data holds fewer.
        held_out: of the fold that the shipped towers never saw; otherwise of those they did.
        root: data root; None means $XSENSE_DATA or its default.

    Raises:
        InputError: nothing is known of the space, or its data is missing (names the command).
    """
    if space not in _READERS:
        raise InputError(
            'real samples of the space', space, f'one of {sorted(_READERS)}',
            'add a reader to xsense_training.recipes.real_samples',
        )  # fmt: skip
    return list(_READERS[space](data_root(root), count, held_out))


def real_searches(count: int, *, held_out: bool, root: Path | None = None) -> list[SearchSample]:
    """Things in visible light to be found in a thermal image; a third of them are not in it.

    Args:
        count: how many searches.
        held_out: in the regions that are judged on; otherwise in those that choices are made on.
        root: data root.

    Raises:
        InputError: the data is missing; names the command.
    """
    pairs, _ = open_set('landsat:thermal', root, 'test' if held_out else 'val')
    searches = draw_searches(pairs, JITTERS['harder'], count - count // 3, count // 3, SEED)
    found = []
    for one in searches:
        square = square_around(one.target.there, SQUARES.search)
        there = around(square.centre, (square.side, square.side))
        found.append(
            SearchSample(
                template_view(pairs.load(one.target.pair), one.target),
                search_view(pairs.load(one.pair), one),
                SQUARES.search_crop(one).boxes_to_crop(there) if one.present else None,
            )
        )
    return found


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most `count` items at equal distances."""
    chosen = np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)
    return [items[i] for i in chosen]


def _see_hear_read(root: Path, count: int, held_out: bool) -> Iterator[RealSample]:
    own = [c for c in load_concepts(root, SOURCES) if (c.fold == SHIPPED_FOLD) == held_out]
    for concept in spread([c for c in own if c.images], count):
        yield RealSample('image', plain_view(load_rgba(concept.images[0])), concept.id)
        yield RealSample('text', concept.texts[0], concept.id)
    audible = (
        (concept, clip)
        for concept in spread([c for c in own if c.sounds], 2 * count)
        for clip in concept.sounds[:1]
        if not is_silent(clip)
    )
    for concept, clip in islice(audible, count):
        yield RealSample('sound', load_sound(clip), concept.id)
        yield RealSample('text', concept.texts[0], concept.id)


def _sketch(root: Path, count: int, held_out: bool) -> Iterator[RealSample]:
    concepts = load_line_art(root)
    parts = split_line_art(concepts, SHIPPED_FOLD)
    chosen = parts.test if held_out else parts.train
    for concept in spread([c for c, own in zip(concepts, chosen, strict=True) if own], count):
        picture = load_rgba(next(iter(concept.pictures.values())))
        yield RealSample('sketch', composite(load_rgba(concept.line), WHITE), concept.id)
        yield RealSample('image', plain_view(cut_out(picture)), concept.id)


def _audio_visual(root: Path, count: int, held_out: bool) -> Iterator[RealSample]:
    found = load_audio_visual(root)
    pictures = [p for p in found.pictures if (p.fold == SHIPPED_FOLD) == held_out]
    takes = [t for t in found.takes if (t.fold == SHIPPED_FOLD) == held_out]
    for picture in spread(pictures, count):
        rgba = load_rgba(picture.path)
        yield RealSample('image', plain_view(rgba), found.classes[picture.label])
    for take in spread(takes, count):
        yield RealSample('sound', load_sound(take.clip), found.classes[take.label])


def _touch(root: Path, count: int, held_out: bool) -> Iterator[RealSample]:
    found, part = load_touches(EMBEDDED, root), 'test' if held_out else 'train'
    gel = Gel.of(found)
    readers: dict[str, Callable[[Any], Any]] = {
        'image': lambda file: load_image(file.path),
        'touch': gel.press,
        'impact': load_knock,
    }
    for sense, read in readers.items():
        for file in spread(found.of(sense, UNSEEN, part), count):
            yield RealSample(sense, read(file), file.label)


_READERS: dict[str, Callable[[Path, int, bool], Iterator[RealSample]]] = {
    'audio-visual': _audio_visual,
    'image-sound-text': _see_hear_read,
    'sketch-photo': _sketch,
    'touch-vision-sound': _touch,
}
