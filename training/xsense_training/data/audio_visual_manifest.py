# SPDX-License-Identifier: Apache-2.0
"""Makes the manifest of the audio-visual folds from the data sets; run once, then pinned."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from xsense_training.data import audio_visual_sounds as sounds
from xsense_training.data.audio_visual import LEAST, pictures, recordings
from xsense_training.data.audio_visual_folds import AUDIO_VISUAL_MANIFEST, spread, write_folds
from xsense_training.data.concept import Concept
from xsense_training.data.folds import FOLDS, HELD_OUT
from xsense_training.data.recordings import same_recordings


def make_manifest(concepts: Sequence[Concept], path: Path = AUDIO_VISUAL_MANIFEST) -> None:
    """Spreads all recordings and pictures of the classes that have enough of both."""
    heard, seen = recordings(concepts), pictures(concepts)
    linked_sounds: dict[str, Hashable] = {}
    for one, other in same_recordings(list(heard.values())):
        home = linked_sounds.get(one, linked_sounds.get(other, one))
        linked_sounds[one] = linked_sounds[other] = home
    linked_pictures: dict[str, Hashable] = {
        unit: hashlib.sha256(file.read_bytes()).hexdigest() for unit, (_, file, _) in seen.items()
    }
    class_of_sound = {unit: concept.category for unit, concept in heard.items()}
    class_of_picture = {unit: concept.category for unit, (concept, _, _) in seen.items()}
    independent: dict[str, tuple[set[Hashable], set[Hashable]]] = defaultdict(
        lambda: (set(), set())
    )
    for unit, name in class_of_sound.items():
        independent[name][0].add(linked_sounds.get(unit, unit))
    for unit, name in class_of_picture.items():
        independent[name][1].add(linked_pictures[unit])
    kept = {name for name, both in independent.items() if min(map(len, both)) >= LEAST}
    held_out = {c.id for c in concepts if c.source == 'tuxpaint' and c.fold == HELD_OUT}
    write_folds(
        {
            'recordings': spread(
                [unit for unit, name in class_of_sound.items() if name in kept],
                class_of_sound,
                linked_sounds,
                {unit: HELD_OUT for unit in heard if unit in held_out},
            ),
            'pictures': spread(
                [unit for unit, name in class_of_picture.items() if name in kept],
                class_of_picture,
                linked_pictures,
                {unit: HELD_OUT for unit in seen if seen[unit][0].id in held_out},
            ),
        },
        {
            fold: {
                'tonics modulo 5': [fold],
                'phrases': [f'{fold}.{kind}' for kind in range(len(sounds.PHRASES[fold]))],
                'rooms': list(range(fold * sounds.ROOMS, (fold + 1) * sounds.ROOMS)),
                'microphones': list(range(fold * sounds.ROOMS, (fold + 1) * sounds.ROOMS)),
            }
            for fold in range(FOLDS)
        },
        path,
    )
