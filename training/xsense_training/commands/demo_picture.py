# SPDX-License-Identifier: Apache-2.0
"""`xsense-train demo-picture`: the answers of a demo run as a picture."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument('matches', type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument('picture', type=click.Path(dir_okay=False, path_type=Path))
def command(matches: Path, picture: Path) -> None:
    """Draw the answers of a demo run into a picture (.png or .jpg).

    \b
    Example:
      xsense-train demo-picture build/demo/matches.jsonl docs/demo.jpg
    """
    from xsense_ros.resources import find_resource
    from xsense_training.demo_picture import draw

    draw(matches, find_resource('samples/robot_home'), picture)
    click.echo(f'written: {picture}')
