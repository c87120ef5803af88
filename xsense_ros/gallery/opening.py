# SPDX-License-Identifier: Apache-2.0
"""One door to every kind of gallery: the text that names it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.graph_index import GraphIndex, check_available
from xsense_ros.gallery.index import ExactIndex, Index
from xsense_ros.gallery.protocol import GalleryLike


def is_url(place: Path | str) -> bool:
    """Whether a gallery is named by a URL rather than by a file."""
    return '://' in str(place)


def open_gallery(
    place: Path | str,
    fingerprints: Mapping[str, str] | None = None,
    approximate_above: int = 0,
) -> Gallery:
    """Open a gallery, or make an empty one.

    Args:
        place: a file, ':memory:', or the URL of a gallery that a fleet shares
            (`milvus://HOST:PORT/COLLECTION?robot=NAME`, `milvus-lite:///FILE?robot=NAME`).
        fingerprints: identity of each space of the encoder in use; None takes what is recorded.
        approximate_above: views of a modality above which search is approximate; 0: never.

    Raises:
        InputError: a URL that cannot be understood, or approximate search without its package.
        GalleryError: it cannot be opened, or holds vectors of another model.
    """
    new_index: Callable[[int], Index] = ExactIndex
    if approximate_above:
        check_available()
        new_index = partial(GraphIndex, above=approximate_above)
    if not is_url(place):
        return Gallery.open(place, fingerprints, new_index=new_index)
    # Only here: a robot without a fleet needs nothing of what this imports.
    from xsense_ros.gallery.remote.shared import SharedGallery

    return SharedGallery.open(str(place), fingerprints, new_index=new_index)


def settle(gallery: GalleryLike, seconds: float = 600.0) -> None:
    """Wait until a gallery that a fleet shares is in step with it; others always are.

    Raises:
        GalleryError: it was not within the time, or the server cannot be reached.
    """
    from xsense_ros.gallery.remote.shared import SharedGallery

    if isinstance(gallery, SharedGallery):
        gallery.settle(seconds)
