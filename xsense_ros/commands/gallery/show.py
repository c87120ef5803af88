# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery show`: one item, and its picture as a file."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import FILE, counted, date, existing
from xsense_ros.commands.samples import HELP, node_options
from xsense_ros.errors import InputError


@click.command(context_settings=HELP)
@click.argument('item_id')
@click.option(
    '--picture',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Write its picture to this JPEG file.',
)
@FILE
@node_options
def command(
    item_id: str, picture: Path | None, file: Path | None, node: str, timeout: float
) -> None:
    """Show one item.

    \b
    Example:
      xsense gallery show fox --picture fox.jpg
    """
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(existing(file)) as opened:
            stored = opened.item(item_id)
            label, created_ns = stored.label, stored.created_ns
            modalities = [view.modality for view in stored.views]
            jpeg = opened.thumbnail(item_id)
    else:
        from xsense_ros.nodes.client import RetrievalClient

        with RetrievalClient(node, timeout) as client:
            found = [item for item in client.items(thumbnails=True) if item.item_id == item_id]
        if not found:
            raise InputError('item', item_id, 'the id of a remembered item', 'xsense gallery list')
        label, modalities = found[0].label, list(found[0].modalities)
        created_ns = found[0].created.sec * 10**9 + found[0].created.nanosec
        jpeg = bytes(found[0].thumbnail.data)
    click.echo(f'id       {item_id}')
    click.echo(f'label    {label}')
    click.echo(f'created  {date(created_ns)}')
    click.echo(f'views    {counted(modalities)}')
    if picture is not None:
        if not jpeg:
            raise InputError('picture', item_id, 'an item with a picture', 'leave out --picture')
        try:
            picture.write_bytes(jpeg)
        except OSError as error:
            expected = f'a file that can be written ({error.strerror})'
            raise InputError('picture file', str(picture), expected, 'correct the path') from error
        click.echo(f'picture  {picture}')
