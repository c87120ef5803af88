# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery restore`: a gallery as it was when a snapshot was taken."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import GALLERY_FILE, bar, take_snapshot
from xsense_ros.commands.samples import HELP


@click.command(context_settings=HELP)
@click.argument('source', type=click.Path(path_type=Path, dir_okay=False))
@click.option('--replace', is_flag=True, help='What the gallery holds now goes.')
@GALLERY_FILE
def command(source: Path, replace: bool, file: Path) -> None:
    """Make a gallery, new or not, hold what SOURCE (*.xsgallery) holds, and nothing else.

    SOURCE is checked as a whole first; then everything is replaced in one step. A gallery that
    holds something is only replaced with --replace, and a snapshot of it is written before.

    \b
    Examples:
      xsense gallery restore gallery-20261122-155200.xsgallery --file new.db
      xsense gallery restore gallery-20261122-155200.xsgallery --replace
    """
    from xsense_ros.gallery.gallery import Gallery
    from xsense_ros.gallery.portable.incoming import Portable, restore

    with Portable(source) as portable:
        count = len(portable.manifest.items)
        if file.exists():
            with Gallery.open(file) as gallery:
                held = gallery.size
                if held and not replace:
                    what = (
                        f'{file} holds {held} items; --replace puts {source.name} in their place'
                    )
                    raise click.UsageError(what)
                if held:
                    kept, _ = take_snapshot(gallery, file, file.parent)
                    click.echo(f'what was there: {kept}')
        with (
            Gallery.open(file, portable.fingerprints) as gallery,
            bar('restoring', count) as step,
        ):
            restore(gallery, portable, step)
    click.echo(f'{file}: {count} items of {source}')
