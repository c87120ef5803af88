# SPDX-License-Identifier: Apache-2.0
"""What `calibrate` and `stats` share: a gallery to look at, and what its vectors mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xsense_ros.commands.gallery.common import existing
from xsense_ros.errors import InputError
from xsense_ros.resources import default_gallery

if TYPE_CHECKING:
    from xsense_ros.engines.manifest import SpaceSpec
    from xsense_ros.gallery.protocol import GalleryLike


GALLERY = click.argument('gallery', required=False)


def opened(gallery: str | None) -> GalleryLike:
    """A gallery by its file or URL, or the node's own; GalleryError where there is none."""
    from xsense_ros.gallery.opening import is_url, open_gallery

    place = gallery or default_gallery()
    return open_gallery(place if is_url(place) else existing(Path(place)))


def known_spaces(bundles: Sequence[str]) -> dict[str, SpaceSpec]:
    """Spaces of bundles, by name or path; their models are verified, not loaded."""
    from xsense_ros.engines.bundle import Bundle, find_bundle

    return {
        name: space
        for bundle in bundles
        for name, space in Bundle.open(find_bundle(bundle)).manifest.spaces.items()
    }


def watched(names: Sequence[str]) -> Iterable[str]:
    """What there is to do, one by one, with a bar on a terminal and nothing in a log."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    hidden = not console.is_terminal
    return track(names, 'asking', console=console, transient=True, disable=hidden)


def write_text(path: Path, text: str) -> None:
    """Write a file; InputError where it cannot be written."""
    try:
        path.write_text(text, encoding='utf-8')
    except OSError as error:
        expected = f'a file that can be written ({error.strerror})'
        raise InputError('file', str(path), expected, 'correct the path') from error
