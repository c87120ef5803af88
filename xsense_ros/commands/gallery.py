# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery`: what is remembered, through a running node or straight from its file."""

from __future__ import annotations

import time
from pathlib import Path

import click

from xsense_ros.commands.samples import HELP, node_options
from xsense_ros.errors import GalleryError, InputError
from xsense_ros.names import BUNDLES

_FILE = click.option(
    '--file',
    'file',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Gallery file to work on, without a node.',
)


@click.group(context_settings=HELP)
def command() -> None:
    """List, show, forget, rename and rebuild what is remembered.

    \b
    Examples:
      xsense gallery list --contains mug
      xsense gallery show fox --picture fox.jpg
      xsense gallery list --file ~/.local/share/xsense/gallery.db
    """


@command.command('list', context_settings=HELP)
@click.option('--contains', default='', help='Only labels with this text.')
@_FILE
@node_options
def list_items(contains: str, file: Path | None, node: str, timeout: float) -> None:
    """List the items in order of enrolment."""
    rows: list[tuple[str, str, int, list[str]]] = []
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(_existing(file)) as opened:
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
        click.echo(f'{item_id:<28} {label:<28} {_date(created_ns)}  {_views(modalities)}')
    click.echo(f'{len(rows)} item{"s" if len(rows) != 1 else ""}')


@command.command(context_settings=HELP)
@click.argument('item_id')
@click.option(
    '--picture',
    type=click.Path(path_type=Path, dir_okay=False),
    help='Write its picture to this JPEG file.',
)
@_FILE
@node_options
def show(item_id: str, picture: Path | None, file: Path | None, node: str, timeout: float) -> None:
    """Show one item."""
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(_existing(file)) as opened:
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
    click.echo(f'created  {_date(created_ns)}')
    click.echo(f'views    {_views(modalities)}')
    if picture is not None:
        if not jpeg:
            raise InputError('picture', item_id, 'an item with a picture', 'leave out --picture')
        try:
            picture.write_bytes(jpeg)
        except OSError as error:
            expected = f'a file that can be written ({error.strerror})'
            raise InputError('picture file', str(picture), expected, 'correct the path') from error
        click.echo(f'picture  {picture}')


@command.command(context_settings=HELP)
@click.argument('item_ids', nargs=-1, required=True)
@_FILE
@node_options
def forget(item_ids: tuple[str, ...], file: Path | None, node: str, timeout: float) -> None:
    """Forget items and all their views."""
    if file is not None:
        from xsense_ros.gallery.gallery import Gallery

        with Gallery.open(_existing(file)) as opened:
            for item_id in item_ids:
                opened.forget(item_id)
                click.echo(f'forgotten: {item_id}')
        return
    from xsense_ros.nodes.client import RetrievalClient

    with RetrievalClient(node, timeout) as client:
        for item_id in item_ids:
            client.forget(item_id)
            click.echo(f'forgotten: {item_id}')


@command.command(context_settings=HELP)
@click.argument('item_id')
@click.argument('label')
@click.option(
    '--file',
    'file',
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help='Gallery file; nodes that have it open follow.',
)
def rename(item_id: str, label: str, file: Path) -> None:
    """Give an item another label."""
    from xsense_ros.gallery.gallery import Gallery

    with Gallery.open(_existing(file)) as opened:
        click.echo(f'{item_id}: {opened.rename(item_id, label).label}')


@command.command(context_settings=HELP)
@click.argument('old', type=click.Path(path_type=Path, dir_okay=False))
@click.argument('new', type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    '--bundle', 'bundles', multiple=True, default=BUNDLES, show_default=True, help='Models.'
)
def rebuild(old: Path, new: Path, bundles: tuple[str, ...]) -> None:
    """Make a gallery again for other models, from the samples that it has kept.

    \b
    Example:
      xsense gallery rebuild old.db new.db --bundle image-sound-text --bundle sketch-photo
    """
    from xsense_ros.encoder import Encoder
    from xsense_ros.engines.bundle import Bundle, find_bundle
    from xsense_ros.gallery.gallery import Gallery
    from xsense_ros.rebuild import rebuild_gallery

    if new.exists():
        raise click.UsageError(f'{new} exists; give the name of a new file')
    encoder = Encoder([Bundle.open(find_bundle(name)) for name in bundles])
    try:
        with (
            Gallery.open(_existing(old)) as source,
            Gallery.open(new, encoder.fingerprints) as target,
        ):
            done, left = rebuild_gallery(source, target, encoder)
    finally:
        encoder.close()
    click.echo(f'{new}: {done} views rebuilt, {left} left behind without a sample or a model')


def _existing(file: Path) -> Path:
    if not file.is_file():
        cure = 'see the parameter `gallery` of the node'
        raise GalleryError('gallery file', str(file), 'an existing file', cure)
    return file


def _date(nanoseconds: int) -> str:
    return time.strftime('%Y-%m-%d %H:%M', time.localtime(nanoseconds * 1e-9))


def _views(modalities: list[str]) -> str:
    counts = {name: modalities.count(name) for name in sorted(set(modalities))}
    return ', '.join(f'{count} {name}' for name, count in counts.items())
