# SPDX-License-Identifier: Apache-2.0
"""What is asked of the towers on held-out concepts: directions, galleries and relevance.

A direction is queries in one modality against a gallery in another. Relevance at item level: the
same concept, or a caption that reads the same (a text query cannot tell two "A cow." apart); at
class level: the same class. Sound-text directions are emergent: no such pair was trained.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from xsense_training.data.classes import curated
from xsense_training.evaluate.direction import Direction, Ints, Side
from xsense_training.features.corpus import CAPTION, Corpus


def images_of(corpus: Corpus, concepts: Ints, first_only: bool = False) -> Side:
    """Plain views of the pictures of some concepts (all of them, or one per concept)."""
    rows = np.flatnonzero(np.isin(corpus.image_concept, concepts))
    return _side('image', rows, corpus.image_concept, first_only)


def captions_of(corpus: Corpus, concepts: Ints, first_only: bool = True) -> Side:
    """The first caption of each concept, or all of them."""
    rows = np.flatnonzero(np.isin(corpus.texts.concept, concepts) & (corpus.texts.kind == CAPTION))
    return _side('text', rows, corpus.texts.concept, first_only)


def sounds_of(corpus: Corpus, concepts: Ints) -> Side:
    """Every recording of some concepts, as recorded."""
    rows = np.flatnonzero(np.isin(corpus.sound_concept, concepts))
    return _side('sound', rows, corpus.sound_concept, first_only=False)


def _side(modality: str, rows: Ints, concept: Ints, first_only: bool) -> Side:
    owners = concept[rows]
    if first_only:
        _, first = np.unique(owners, return_index=True)
        rows, owners = rows[first], owners[first]
    return Side(modality, rows, owners)


def item_relevance(corpus: Corpus, query: Side, gallery: Side) -> NDArray[np.bool_]:
    """Same concept, or the same first caption or short name up to case and final stops."""
    keys = np.array([caption_key(c.texts[0]) for c in corpus.concepts])
    same_caption = keys[query.concept][:, None] == keys[gallery.concept][None, :]
    return np.asarray(same_concept(corpus, query, gallery) | same_caption)


def same_concept(corpus: Corpus, query: Side, gallery: Side) -> NDArray[np.bool_]:
    """The same concept alone."""
    return np.asarray(query.concept[:, None] == gallery.concept[None, :])


def class_relevance(corpus: Corpus, query: Side, gallery: Side) -> NDArray[np.bool_]:
    """Same class label."""
    labels = np.array([c.category for c in corpus.concepts])
    return np.asarray(labels[query.concept][:, None] == labels[gallery.concept][None, :])


def caption_key(text: str) -> str:
    """What two captions that say the same have in common: 'A cow.' and 'cow' give 'cow'."""
    words = text.lower().strip(' .!?').split()
    return ' '.join(words[1:] if words[:1] in (['a'], ['an'], ['the']) else words)


Relevance = Callable[[Corpus, Side, Side], NDArray[np.bool_]]


def directions(corpus: Corpus, held_out: NDArray[np.bool_]) -> list[Direction]:
    """Every task on the concepts where held_out (C,) is true, of the data sets in the corpus."""
    found = image_text_directions(corpus, held_out) + bird_directions(corpus, held_out)

    def both_ways(name: str, a: Side, b: Side, relevance: Relevance) -> None:
        found.extend(_both_ways(corpus, name, a, b, relevance))

    heard = np.isin(np.arange(len(corpus.concepts)), corpus.sound_concept)
    recorded = np.flatnonzero(held_out & heard & corpus.source('tuxpaint', 'gcompris'))
    sounds = sounds_of(corpus, recorded)
    both_ways('items', sounds, images_of(corpus, recorded, first_only=True), item_relevance)
    both_ways('items (emergent)', sounds, captions_of(corpus, recorded), item_relevance)
    labels = np.array([c.category for c in corpus.concepts])
    for kind in ('animals', 'instruments'):
        members = held_out & np.isin(labels, list(curated()[kind]))
        # Rendered instruments are heard, but their pictures and names are those of the others.
        shown = np.flatnonzero(members & ~corpus.source('soundfont'))
        sounds = sounds_of(corpus, np.flatnonzero(members & heard))
        both_ways(f'{kind} by class', sounds, images_of(corpus, shown), class_relevance)
        captions = captions_of(corpus, shown)
        both_ways(f'{kind} by class (emergent)', sounds, captions, class_relevance)
    return found


def image_text_directions(
    corpus: Corpus, chosen: NDArray[np.bool_], suffix: str = ''
) -> list[Direction]:
    """Pictures and captions of the chosen (C,) stamps, emoji and birds, either way.

    Of a bird every caption is asked and found by itself: each tells something else.
    """
    found: list[Direction] = []
    for source in ('tuxpaint', 'emoji'):
        own = np.flatnonzero(chosen & corpus.source(source))
        pictures, captions = images_of(corpus, own), captions_of(corpus, own)
        found += _both_ways(corpus, source + suffix, pictures, captions, item_relevance)
    birds = np.flatnonzero(chosen & corpus.source('cub'))
    pictures, captions = images_of(corpus, birds), captions_of(corpus, birds, first_only=False)
    return found + _both_ways(corpus, 'cub' + suffix, pictures, captions, same_concept)


def bird_directions(corpus: Corpus, chosen: NDArray[np.bool_]) -> list[Direction]:
    """Pictures and all captions of the chosen (C,) birds, of the same class."""
    birds = np.flatnonzero(chosen & corpus.source('cub'))
    pictures, captions = images_of(corpus, birds), captions_of(corpus, birds, first_only=False)
    return _both_ways(corpus, 'cub by class', pictures, captions, class_relevance)


def _both_ways(
    corpus: Corpus, name: str, a: Side, b: Side, relevance: Relevance
) -> list[Direction]:
    """Queries of a in b and of b in a, where any of them has an answer."""
    if not (len(a.rows) and len(b.rows) and relevance(corpus, a, b).any()):
        return []
    return [
        Direction(
            f'{name} {query.modality}->{gallery.modality}',
            query,
            gallery,
            relevance(corpus, query, gallery),
        )
        for query, gallery in ((a, b), (b, a))
    ]


FUNCTION_WORDS = frozenset({'and', 'for', 'from', 'into', 'its', 'off', 'out', 'the', 'with'})


def content_words(text: str) -> set[str]:
    """Lower-case words of three letters or more, without function words and plural endings."""
    words = re.findall(r'[a-z]{3,}', text.lower())
    return {w[:-1] if w.endswith('s') else w for w in words if w not in FUNCTION_WORDS}


def named_in(corpus: Corpus, names: Iterable[str]) -> NDArray[np.bool_]:
    """(C,) whether a concept's name or first caption shares a content word with any name."""
    known = {word for name in names for word in content_words(name)}
    return np.array(
        [bool(known & content_words(' '.join((c.name, *c.texts[:1])))) for c in corpus.concepts]
    )


SELECT, TEST = 2, 3  # of every four recordings, which one selects and which one tests


def reserved_recordings(
    corpus: Corpus, turns: tuple[int, ...] = (SELECT, TEST)
) -> NDArray[np.bool_]:
    """(S,) recordings that no training uses: two of every four of a thing that has many."""
    number = np.zeros(len(corpus.sound_concept), dtype=np.int64)
    seen: dict[int, int] = {}
    for row, concept in enumerate(corpus.sound_concept.tolist()):
        number[row] = seen.get(concept, 0)
        seen[concept] = number[row] + 1
    many = np.array([seen[c] >= 6 for c in corpus.sound_concept.tolist()], dtype=bool)
    return np.asarray(many & np.isin(number % 4, turns))


def known_thing_directions(
    corpus: Corpus, known: NDArray[np.bool_], turn: int = TEST
) -> list[Direction]:
    """New recordings of things that were trained on, against those things, at class level."""
    labels = np.array([c.category for c in corpus.concepts])
    members = known & np.isin(labels, list(curated()['instruments']))
    chosen = reserved_recordings(corpus, (turn,)) & members[corpus.sound_concept]
    rows = np.flatnonzero(chosen)
    sounds = Side('sound', rows, corpus.sound_concept[rows])
    shown = np.flatnonzero(members & ~corpus.source('soundfont'))
    found = []
    for gallery in (images_of(corpus, shown), captions_of(corpus, shown)):
        emergent = ' (emergent)' if gallery.modality == 'text' else ''
        for a, b in ((sounds, gallery), (gallery, sounds)):
            relevance = class_relevance(corpus, a, b)
            if relevance.any():
                name = f'new recordings of known instruments{emergent} {a.modality}->{b.modality}'
                found.append(Direction(name, a, b, relevance))
    return found
