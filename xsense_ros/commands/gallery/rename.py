# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery rename`: another label for an item."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import FILE, existing
from xsense_ros.commands.samples import HELP, node_options


@click.command(context_settings=HELP)
@click.argument('item_id')
@click.argument('label')
@FILE
@node_options
def command(item_id: str, label: str, file: Path | None, node: str, timeout: float) -> None:
    """Give an item another label.

    \b
    Example:
      xsense gallery rename mug-3 "my mug"
    """
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(existing(file)) as opened:
            click.echo(f'{item_id}: {opened.rename(item_id, label).label}')
        return
    from xsense_ros.nodes.client import RetrievalClient

    with RetrievalClient(node, timeout) as client:
        click.echo(f'{item_id}: {client.rename(item_id, label).label}')
