# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery undo`: take back an enrolment, a forgetting or a renaming."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import FILE, existing
from xsense_ros.commands.samples import HELP, node_options


@click.command(context_settings=HELP)
@click.argument('version', type=click.IntRange(min=0), default=0)
@FILE
@node_options
def command(version: int, file: Path | None, node: str, timeout: float) -> None:
    """Take back the change that led to VERSION of the gallery; without it, the newest.

    Refused where the item has changed since. To take back an undo, give the version that it says.

    \b
    Examples:
      xsense gallery undo
      xsense gallery undo 42 --file ~/.local/share/xsense/gallery.db
    """
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(existing(file)) as opened:
            undone = opened.undo(version)
            what, now = undone.what, undone.version
    else:
        from xsense_ros.nodes.client import RetrievalClient

        with RetrievalClient(node, timeout) as client:
            what, now = client.undo(version)
    click.echo(f'taken back: {what}  (version {now})')
