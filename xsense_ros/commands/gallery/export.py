# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery export`: items as one file for another robot."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import GALLERY_FILE, bar, existing
from xsense_ros.commands.samples import HELP


@click.command(context_settings=HELP)
@click.argument('target', type=click.Path(path_type=Path, dir_okay=False))
@click.option('--item', 'item_ids', multiple=True, help='Only this one; may be repeated.')
@GALLERY_FILE
def command(target: Path, item_ids: tuple[str, ...], file: Path) -> None:
    """Write the items, with samples and vectors, into TARGET (*.xsgallery).

    A node may have the gallery open; what is written is the gallery of one moment.

    \b
    Examples:
      xsense gallery export kitchen.xsgallery
      xsense gallery export mugs.xsgallery --item mug-3 --item mug-4 --file gallery.db
    """
    from xsense_ros.gallery.gallery import Gallery
    from xsense_ros.gallery.portable.export import export_gallery

    with Gallery.open(existing(file)) as gallery:
        total = sum(len(item.views) for item in gallery.items())
        with bar('writing', total) as step:
            count = export_gallery(gallery, target, item_ids or None, step)
    click.echo(f'{target}: {count} items, {target.stat().st_size / 1e6:.1f} MB')
