# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery rebuild`: the same items for other models."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.gallery.common import bar, existing, models
from xsense_ros.commands.samples import HELP
from xsense_ros.names import BUNDLES


@click.command(context_settings=HELP)
@click.argument('old')
@click.argument('new')
@click.option(
    '--bundle', 'bundles', multiple=True, default=BUNDLES, show_default=True, help='Models.'
)
def command(old: str, new: str, bundles: tuple[str, ...]) -> None:
    """Make a gallery again for other models, from the samples that it has kept.

    \b
    Example:
      xsense gallery rebuild old.db new.db --bundle image-sound-text --bundle sketch-photo

    A gallery of a fleet is given by its URL; the new one must have another collection.
    """
    from xsense_ros.gallery.opening import is_url, open_gallery, settle
    from xsense_ros.rebuild import rebuild_gallery
    from xsense_ros.workers import usable_cores

    if not is_url(new) and Path(new).exists():
        raise click.UsageError(f'{new} exists; give the name of a new file')
    if not is_url(old):
        existing(Path(old))
    with (
        models(bundles) as encoder,
        open_gallery(old) as source,
        open_gallery(new, encoder.fingerprints) as target,
    ):
        settle(source)
        total = sum(len(item.views) for item in source.items())
        with bar('encoding', total) as step:
            done, left = rebuild_gallery(source, target, encoder, step, usable_cores())
        settle(target)
    click.echo(f'{new}: {done} views rebuilt, {left} left behind without a sample or a model')
