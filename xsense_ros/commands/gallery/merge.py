# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery merge`: items of another robot beside one's own."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import GALLERY_FILE, bar
from xsense_ros.commands.samples import HELP


@click.command(context_settings=HELP)
@click.argument(
    'sources', nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False)
)
@GALLERY_FILE
def command(sources: tuple[Path, ...], file: Path) -> None:
    """Bring the items of SOURCES (*.xsgallery) into a gallery; what is there stays.

    Items of one id are one item: it keeps the label that it has here, and gains the views that it
    does not hold yet. Each file is checked as a whole before anything is changed.

    \b
    Example:
      xsense gallery merge kitchen.xsgallery --file gallery.db
    """
    from xsense_ros.gallery.gallery import Gallery
    from xsense_ros.gallery.portable.incoming import Portable, merge

    for source in sources:
        with (
            Portable(source) as portable,
            Gallery.open(file, portable.fingerprints) as gallery,
            bar('merging', len(portable.manifest.items)) as step,
        ):
            done = merge(gallery, portable, step)
        for item_id, own, other in done.conflicts:
            click.echo(f'{item_id} is {own!r} here and {other!r} there: kept {own!r}', err=True)
        click.echo(
            f'{source}: {done.items} new items, {done.views} new views of known ones, '
            f'{done.known} views were there already'
        )
