# SPDX-License-Identifier: Apache-2.0
"""Concepts with the features of all their pictures, captions and recordings, as plain arrays."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from xsense_ros.errors import InputError
from xsense_ros.senses.text_input import TextInput
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.features.image_features import ImageFeatureCache
from xsense_training.features.sound_features import SoundWindowCache

logger = logging.getLogger(__name__)
CAPTION, NAME, TAG = 0, 1, 2


@dataclass(frozen=True)
class Texts:
    """Token ids of captions. ids (T, L), mask (T, L), concept (T,), kind (T,), string (T,)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.float32]
    concept: NDArray[np.int64]
    kind: NDArray[np.int64]
    string: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """All that a recipe trains and tests on.

    image (I, 1 + scenes, F) with image_concept (I,); texts; sound (S, 1 + variants, frames, mels)
    with sound_concept (S,); fold (C,), the fold of each concept.
    """

    concepts: tuple[Concept, ...]
    fold: NDArray[np.int64]
    image: NDArray[np.float32]
    image_concept: NDArray[np.int64]
    texts: Texts
    sound: NDArray[np.float32]
    sound_concept: NDArray[np.int64]

    def source(self, *names: str) -> NDArray[np.bool_]:
        """(C,) whether each concept comes from one of the named sources."""
        return np.array([concept.source in names for concept in self.concepts])


def build_corpus(
    concepts: Sequence[Concept],
    images: ImageFeatureCache,
    text_input: TextInput,
    sounds: SoundWindowCache,
) -> Corpus:
    """Features of every picture, caption and recording (from the caches where they are known)."""
    pictures = [(i, path) for i, c in enumerate(concepts) for path in c.images]
    heard: list[int] = []
    windows: list[NDArray[np.float32]] = []
    with Progress(transient=True) as progress:
        bar = progress.add_task('pictures', total=len(pictures))
        image = images.table([path for _, path in pictures], lambda: progress.advance(bar))
        clips = [(i, clip) for i, c in enumerate(concepts) for clip in c.sounds]
        for i, clip in progress.track(clips, description='recordings'):
            window = _audible(sounds, clip)
            if window is not None:
                windows.append(window)
                heard.append(i)
    return Corpus(
        tuple(concepts),
        np.array([c.fold for c in concepts]),
        image,
        np.array([i for i, _ in pictures]),
        tokenise(concepts, text_input),
        _stack(windows, sounds),
        np.array(heard, dtype=np.int64),
    )


def _stack(
    windows: Sequence[NDArray[np.float32]], sounds: SoundWindowCache
) -> NDArray[np.float32]:
    """(S, 1 + variants, T, M), also where nothing is heard (S = 0)."""
    heard = sounds.sound_input
    mels = int(heard.parameters()['mels'])
    none = np.zeros((0, 1 + sounds.variants, heard.frames, mels), np.float32)
    return np.stack(windows) if windows else none


def _audible(sounds: SoundWindowCache, clip: SoundClip) -> NDArray[np.float32] | None:
    """Windows of a clip, or None where the published file is digital silence."""
    try:
        return sounds.windows(clip)
    except InputError as error:
        logger.warning('left out %s: %s', clip.path.name, error)
        return None


def tokenise(concepts: Sequence[Concept], text_input: TextInput) -> Texts:
    """Captions first, then the name where it says something else, then each tag."""
    rows: list[tuple[int, int, str]] = []
    for i, concept in enumerate(concepts):
        rows += [(i, CAPTION, text) for text in concept.texts]
        if concept.name.lower() not in (text.lower().strip(' .!') for text in concept.texts):
            rows.append((i, NAME, concept.name))
        rows += [(i, TAG, tag) for tag in concept.tags]
    encoded = [text_input(text) for _, _, text in rows]
    return Texts(
        np.concatenate([e['ids'] for e in encoded]),
        np.concatenate([e['mask'] for e in encoded]),
        np.array([i for i, _, _ in rows]),
        np.array([kind for _, kind, _ in rows]),
        tuple(text for _, _, text in rows),
    )
