# SPDX-License-Identifier: Apache-2.0
"""Finds recordings that are silent, and recordings that are the same although their bytes differ.

Both occur: some Tux Paint animals have a file of silence in place of a sound, and some share one
recording under several names, encoded anew each time.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import soundfile
from numpy.typing import NDArray

from xsense_training.data.concept import Concept, SoundClip
from xsense_training.data.sound import load_sound

SILENT_PEAK = 0.01
SAME_CORRELATION = 0.7


def is_silent(clip: SoundClip) -> bool:
    """True when no sample reaches a hundredth of full scale."""
    return float(np.abs(load_sound(clip).samples).max(initial=0.0)) < SILENT_PEAK


def same_recordings(concepts: Sequence[Concept]) -> list[tuple[str, str]]:
    """Pairs of concept ids that share a recording, whatever its encoding.

    Recordings of exactly the same number of samples are correlated without shift. Synthesised
    clips all have one length and are known to differ, so they are left out.
    """
    by_length: dict[int, list[tuple[str, SoundClip]]] = defaultdict(list)
    for concept in concepts:
        if concept.source != 'soundfont':
            for clip in concept.sounds:
                by_length[soundfile.info(str(clip.path)).frames].append((concept.id, clip))
    pairs = []
    for group in by_length.values():
        if len(group) > 1:
            waves = [(name, _unit(load_sound(clip).samples)) for name, clip in group]
            pairs += [
                (one, other)
                for (one, a), (other, b) in itertools.combinations(waves, 2)
                if a.shape == b.shape and float(a @ b) > SAME_CORRELATION
            ]
    return pairs


def _unit(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    norm = float(np.linalg.norm(samples))
    return samples / np.float32(norm) if norm > 0 else samples
