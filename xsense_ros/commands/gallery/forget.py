# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery forget`: items and all their views."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import FILE, existing
from xsense_ros.commands.samples import HELP, node_options


@click.command(context_settings=HELP)
@click.argument('item_ids', nargs=-1, required=True)
@FILE
@node_options
def command(item_ids: tuple[str, ...], file: Path | None, node: str, timeout: float) -> None:
    """Forget items and all their views; `xsense gallery undo` brings one back.

    \b
    Example:
      xsense gallery forget fox mug-3
    """
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(existing(file)) as opened:
            for item_id in item_ids:
                click.echo(f'forgotten: {item_id}  (version {opened.forget(item_id)})')
        return
    from xsense_ros.nodes.client import RetrievalClient

    with RetrievalClient(node, timeout) as client:
        for item_id in item_ids:
            click.echo(f'forgotten: {item_id}  (version {client.forget(item_id)})')
