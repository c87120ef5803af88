# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery list`: the items in order of enrolment."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import FILE, counted, date, existing
from xsense_ros.commands.samples import HELP, node_options


@click.command(context_settings=HELP)
@click.option('--contains', default='', help='Only labels with this text.')
@FILE
@node_options
def command(contains: str, file: Path | None, node: str, timeout: float) -> None:
    """List the items in order of enrolment.

    \b
    Example:
      xsense gallery list --contains mug
    """
    rows: list[tuple[str, str, int, list[str]]] = []
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(existing(file)) as opened:
            for stored in opened.items(containing=contains):
                modalities = [view.modality for view in stored.views]
                rows.append((stored.item_id, stored.label, stored.created_ns, modalities))
    else:
        from xsense_ros.nodes.client import RetrievalClient

        with RetrievalClient(node, timeout) as client:
            for item in client.items(contains):
                created_ns = item.created.sec * 10**9 + item.created.nanosec
                rows.append((item.item_id, item.label, created_ns, list(item.modalities)))
    for item_id, label, created_ns, modalities in rows:
        click.echo(f'{item_id:<28} {label:<28} {date(created_ns)}  {counted(modalities)}')
    click.echo(f'{len(rows)} item{"s" if len(rows) != 1 else ""}')
