# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery erase`: what was forgotten is gone for good."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import existing
from xsense_ros.commands.samples import HELP


@click.command(context_settings=HELP)
@click.argument('file', type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Erase for good what was forgotten; nothing that was done before can be undone then.

    Nodes may have the gallery open meanwhile. The file becomes smaller.

    \b
    Example:
      xsense gallery erase ~/.local/share/xsense/gallery.db
    """
    from xsense_ros.gallery.gallery import Gallery

    before = existing(file).stat().st_size
    with Gallery.open(file) as opened:
        opened.erase_forgotten()
    click.echo(f'{file}: {before / 1e6:.1f} MB before, {file.stat().st_size / 1e6:.1f} MB now')
