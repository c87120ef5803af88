# SPDX-License-Identifier: Apache-2.0
"""Log-mel windows of recordings and their variants, cached one file a recording."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.sound_input import SoundInput
from xsense_training.data.concept import SoundClip
from xsense_training.data.sound import load_sound
from xsense_training.features import sound_views


class SoundWindowCache:
    """windows(clip) -> (1 + variants, T, M) float32: as recorded first, then variants.

    Args:
        folder: where the .npy files lie.
        sound_input: the robot's own preprocessing.
        variants: number of augmented variants.
    """

    def __init__(self, folder: Path, sound_input: SoundInput, variants: int) -> None:
        self.sound_input = sound_input
        self.variants = variants
        recipe = f'{sound_views.VERSION} {sound_input.parameters()}'
        self.folder = folder / hashlib.sha256(recipe.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)

    def windows(self, clip: SoundClip) -> NDArray[np.float32]:
        """(1 + variants, T, M) of one clip."""
        span = f'{clip.start} {clip.seconds}'.encode()
        digest = hashlib.sha256(clip.path.read_bytes() + span).digest()
        file = self.folder / f'{digest.hex()[:24]}.npy'
        if file.exists():
            known: NDArray[np.float32] = np.load(file).astype(np.float32)
            if len(known) > self.variants:
                return known[: 1 + self.variants]
        waveform = load_sound(clip)
        rows = [self.sound_input(waveform)['log_mel'][0, 0]]
        for number in range(1, 1 + self.variants):
            rng = np.random.default_rng(int.from_bytes(digest[:8], 'big') + number)
            varied = sound_views.vary(waveform, rng, self.sound_input.seconds)
            rows.append(self.sound_input(varied)['log_mel'][0, 0])
        partial = file.with_suffix('.partial')
        with partial.open('wb') as stream:
            np.save(stream, np.stack(rows).astype(np.float16))
        partial.replace(file)
        return np.stack(rows).astype(np.float16).astype(np.float32)
