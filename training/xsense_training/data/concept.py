# SPDX-License-Identifier: Apache-2.0
"""What a training example is: one thing, seen, heard and named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Source = Literal['tuxpaint', 'emoji', 'gcompris', 'soundfont', 'cub']


@dataclass(frozen=True)
class SoundClip:
    """A stretch of a sound file.

    Attributes:
        path: file that libsndfile reads (OGG, WAV, FLAC).
        start: where the clip begins in the file, in seconds.
        seconds: its length; None means to the end of the file.
    """

    path: Path
    start: float = 0.0
    seconds: float | None = None


@dataclass(frozen=True)
class Concept:
    """One thing of one source.

    Attributes:
        id: unique and stable, `source/...`.
        source: data set it comes from.
        name: short English name.
        texts: English descriptions, the most natural one first; never empty.
        images: raster files (RGB, RGBA or palette), all of this thing.
        sounds: recordings of the thing itself (not of somebody saying its name).
        speech: (language, file) of a voice saying the caption.
        category: class label: a curated class for animals and instruments, else the group that the
            source files it under.
        fold: 0 to 4; fold 0 is held out.
        tags: loose English keywords, each far less specific than the texts.
        translations: (language, caption) in other languages.
        styles: drawing style of each image, in the order of images.
        licences: (file name, licence) of the media, or one ('*', licence) for all of them.
    """

    id: str
    source: Source
    name: str
    texts: tuple[str, ...]
    images: tuple[Path, ...] = ()
    sounds: tuple[SoundClip, ...] = ()
    speech: tuple[tuple[str, Path], ...] = ()
    category: str = ''
    fold: int = 0
    tags: tuple[str, ...] = ()
    translations: tuple[tuple[str, str], ...] = ()
    styles: tuple[str, ...] = ()
    licences: tuple[tuple[str, str], ...] = ()
