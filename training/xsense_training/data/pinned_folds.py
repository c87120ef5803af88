# SPDX-License-Identifier: Apache-2.0
"""The folds that are pinned in training/splits, made again from the data sets.

They are pinned so that another source or a newer data set never moves what a published model was
tested on. Making them again shows where they come from, and whether the data are still the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xsense_training.data import audio_visual_manifest, folds, line_art_split
from xsense_training.data.audio_visual_folds import AUDIO_VISUAL_MANIFEST
from xsense_training.data.concepts import LOADERS, load_concepts
from xsense_training.data.line_art import load_line_art
from xsense_training.data.root import data_root


def _see_hear_read(root: Path | None, to: Path) -> None:
    folds.write_manifest(load_concepts(root, tuple(LOADERS)), to)


def _audio_visual(root: Path | None, to: Path) -> None:
    audio_visual_manifest.make_manifest(load_concepts(root, tuple(LOADERS)), to)


def _sketch(root: Path | None, to: Path) -> None:
    things = [c.subgroup for c in load_line_art(data_root(root)) if c.fold >= 0]
    line_art_split.write_folds(line_art_split.balanced_folds(things), to)


PINNED: dict[str, tuple[Path, Callable[[Path | None, Path], None]]] = {
    'see-hear-read': (folds.MANIFEST, _see_hear_read),
    'sketch': (line_art_split.MANIFEST, _sketch),
    'tnn-c-cca': (AUDIO_VISUAL_MANIFEST, _audio_visual),
}


def make_folds(recipe: str, to: Path, root: Path | None = None) -> bool:
    """Write the folds of a recipe's embedded data; whether they are the pinned ones.

    Args:
        recipe: one of PINNED.
        to: file to write.
        root: data root.

    Raises:
        InputError: a data set that is not there.
    """
    pinned, make = PINNED[recipe]
    make(root, to)
    return to.read_bytes() == pinned.read_bytes()
