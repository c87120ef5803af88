# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery stats`: what is remembered, as figures and as a map."""

from __future__ import annotations

import json
from pathlib import Path

import click

from xsense_ros.commands.gallery.reading import GALLERY, known_spaces, opened
from xsense_ros.commands.samples import HELP
from xsense_ros.names import BUNDLES, MODALITIES


@click.command(context_settings=HELP)
@GALLERY
@click.option(
    '--map',
    'picture',
    type=click.Path(dir_okay=False, path_type=Path),
    help='Draw the map of the items: a PNG file.',
)
@click.option('--space', default='', help='Space of the map  [default: of most items]')
@click.option(
    '--modality',
    type=click.Choice(MODALITIES),
    help='Views whose vectors make the map  [default: those of most items]',
)
@click.option(
    '--duplicate',
    'least_cosine',
    type=click.FloatRange(0.0, 1.0),
    default=0.99,
    show_default=True,
    help='Views of so high a cosine are told as near-duplicates.',
)
@click.option(
    '--bundle', 'bundles', multiple=True, default=BUNDLES, show_default=True, help='Models.'
)
@click.option(
    '--json', 'as_json', is_flag=True, help='Everything as JSON, the map with its thumbnails.'
)
def command(
    gallery: str | None,
    picture: Path | None,
    space: str,
    modality: str | None,
    least_cosine: float,
    bundles: tuple[str, ...],
    as_json: bool,
) -> None:
    """Count what is remembered, draw it as a map, and name what is hard to tell apart.

    GALLERY is a file or the URL of a fleet's; without it the node's own is taken.

    Near-duplicates are views of nearly the same vector: the same picture enrolled twice, or two
    things that a model cannot tell apart. Confusable are items whose views are nearer to another
    item than to their own.

    \b
    Examples:
      xsense gallery stats --map map.png
      xsense gallery stats gallery.db --json > stats.json
    """
    from rich.console import Console

    from xsense_ros.openset.map import draw_map
    from xsense_ros.openset.report import stats_lines
    from xsense_ros.openset.stats import gallery_stats

    with opened(gallery) as source:
        with Console(stderr=True).status('comparing all views'):
            found = gallery_stats(
                source,
                known_spaces(bundles),
                space=space,
                modality=modality or '',
                least_cosine=least_cosine,
            )
        if picture is not None:
            draw_map(found.map, source.thumbnail).save(picture)
        told = found.to_json(source.thumbnail) if as_json else {}
    click.echo(json.dumps(told, indent=1) if as_json else '\n'.join(stats_lines(found)))
