# SPDX-License-Identifier: Apache-2.0
"""One door to all concepts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept
from xsense_training.data.emoji import load_emoji
from xsense_training.data.folds import MANIFEST, assign_folds, read_manifest
from xsense_training.data.gcompris import load_gcompris
from xsense_training.data.root import data_root
from xsense_training.data.soundfont import load_soundfont
from xsense_training.data.tuxpaint import load_tuxpaint

LOADERS = {
    'tuxpaint': load_tuxpaint,
    'emoji': load_emoji,
    'gcompris': load_gcompris,
    'soundfont': load_soundfont,
}


def load_concepts(
    root: Path | str | None = None,
    sources: Sequence[str] = ('tuxpaint', 'emoji', 'gcompris'),
    manifest: Path | None = MANIFEST,
) -> list[Concept]:
    """Concepts of the sources, with folds, ordered by id.

    Soundfont concepts get the pictures that the other named sources have of the instrument.

    Args:
        root: data root; None means $XSENSE_DATA or its default.
        sources: some of tuxpaint, emoji, gcompris, soundfont.
        manifest: pinned folds; None computes them from these concepts alone.

    Raises:
        InputError: unknown source, a data set that is not there, or folds that do not fit.
    """
    folder = data_root(root)
    for source in sources:
        if source not in LOADERS:
            raise InputError('source', source, f'one of {sorted(LOADERS)}', 'correct the name')
    concepts: list[Concept] = []
    for source, load in LOADERS.items():
        if source in sources:
            concepts += load_soundfont(folder, concepts) if source == 'soundfont' else load(folder)
    pinned = read_manifest(manifest) if manifest is not None else None
    return sorted(assign_folds(concepts, pinned), key=lambda concept: concept.id)
