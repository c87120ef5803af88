# SPDX-License-Identifier: Apache-2.0
"""What the commands of `xsense gallery` share: the option --file, and how they show things."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xsense_ros.errors import GalleryError
from xsense_ros.resources import default_gallery

if TYPE_CHECKING:
    from xsense_ros.encoder import Encoder
    from xsense_ros.gallery.gallery import Gallery

FILE = click.option(
    '--file',
    'file',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Gallery file to work on, without a node.',
)


def _no_url(context: click.Context, parameter: click.Parameter, value: str) -> Path:
    if '://' in value:
        raise click.BadParameter('give a file; the URL of a fleet is for import and rebuild')
    return Path(value)


GALLERY_FILE = click.option(
    '--file',
    'file',
    type=click.Path(dir_okay=False),
    default=default_gallery,
    callback=_no_url,
    help="Gallery file to work on  [default: the node's own]",
)


def existing(file: Path) -> Path:
    """The file; GalleryError where there is none."""
    if not file.is_file():
        cure = 'see the parameter `gallery` of the node'
        raise GalleryError('gallery file', str(file), 'an existing file', cure)
    return file


def date(nanoseconds: int) -> str:
    """Wall clock time, as people write it."""
    return time.strftime('%Y-%m-%d %H:%M', time.localtime(nanoseconds * 1e-9))


def counted(modalities: Sequence[str]) -> str:
    """'2 image, 1 sound' of the modalities of an item's views."""
    counts = {name: modalities.count(name) for name in sorted(set(modalities))}
    return ', '.join(f'{count} {name}' for name, count in counts.items())


@contextlib.contextmanager
def models(bundles: Sequence[str]) -> Iterator[Encoder]:
    """The models of bundles, by name or path; each runs on one core, for many at once."""
    from xsense_ros.encoder import Encoder
    from xsense_ros.engines.bundle import Bundle, find_bundle

    encoder = Encoder([Bundle.open(find_bundle(name)) for name in bundles], threads=1)
    try:
        encoder.warm_up()
        yield encoder
    finally:
        encoder.close()


@contextlib.contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing in a log; what is given is called for each step."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    console = Console(stderr=True)
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), Left())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


def take_snapshot(
    gallery: Gallery, file: Path, folder: Path, on_view: Callable[[], None] = lambda: None
) -> tuple[Path, int]:
    """Write a gallery into a folder, under the name of its file and the time; path and items."""
    from xsense_ros.gallery.portable.export import export_gallery

    name = f'{file.stem}-{time.strftime("%Y%m%d-%H%M%S", time.localtime())}'
    target, number = folder / f'{name}.xsgallery', 2
    while target.exists():
        target, number = folder / f'{name}-{number}.xsgallery', number + 1
    return target, export_gallery(gallery, target, on_view=on_view)
