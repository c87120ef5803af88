# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery snapshot`: the whole gallery as a file with its date, to come back to."""

from __future__ import annotations

import re
from pathlib import Path

import click

from xsense_ros.commands.gallery.common import GALLERY_FILE, bar, existing, take_snapshot
from xsense_ros.commands.samples import HELP
from xsense_ros.errors import GalleryError


@click.command(context_settings=HELP)
@click.option(
    '--into',
    'folder',
    type=click.Path(path_type=Path, file_okay=False),
    help='Folder, made where it is missing  [default: that of the gallery]',
)
@click.option('--keep', type=click.IntRange(min=1), help='Delete all but the newest so many.')
@GALLERY_FILE
def command(folder: Path | None, keep: int | None, file: Path) -> None:
    """Write a snapshot, FILE's name with the time (*.xsgallery); `restore` brings it back.

    \b
    Examples:
      xsense gallery snapshot
      xsense gallery snapshot --file gallery.db --into backups/ --keep 7
    """
    from xsense_ros.gallery.gallery import Gallery

    into = folder or existing(file).parent
    _make(into)
    with Gallery.open(existing(file)) as gallery:
        total = sum(len(item.views) for item in gallery.items())
        with bar('writing', total) as step:
            target, count = take_snapshot(gallery, file, into, step)
    click.echo(f'{target}: {count} items, {target.stat().st_size / 1e6:.1f} MB')
    if keep is not None:
        # The time in the name sorts them; nothing else of that pattern is ours.
        name = re.compile(rf'{re.escape(file.stem)}-[0-9]{{8}}-[0-9]{{6}}(-[0-9]+)?\.xsgallery')
        for old in sorted(path for path in into.iterdir() if name.fullmatch(path.name))[:-keep]:
            old.unlink()
            click.echo(f'deleted: {old}')


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        expected = f'a folder that can be made ({error.strerror})'
        raise GalleryError('folder', str(folder), expected, 'name another one') from error
