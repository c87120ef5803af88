# SPDX-License-Identifier: Apache-2.0
"""`xsense enroll`: let a running node remember a thing."""

from __future__ import annotations

import click

from xsense_ros.commands.samples import HELP, OPTIONS, Given, node_options, sample_options
from xsense_ros.names import MODALITIES


@click.command(context_settings=HELP)
@click.argument('label')
@sample_options(multiple=True)
@click.option(
    '--live',
    type=click.Choice(MODALITIES),
    multiple=True,
    help='What the node senses now.',
)
@click.option('--id', 'item_id', default='', help='Of the new item, or of one to add views to.')
@node_options
def command(
    label: str,
    given: Given,
    live: tuple[str, ...],
    item_id: str,
    node: str,
    timeout: float,
) -> None:
    """Let a running node remember a thing.

    Several views of a thing make it easier to recognise: options may be repeated.

    \b
    Examples:
      xsense enroll "my mug" --image front.jpg --image side.jpg
      xsense enroll "my mug" --live image
      xsense enroll "door bell" --sound bell.wav --text "somebody is at the door"
      xsense enroll "my mug" --touch pressed.png --background untouched.png --impact knock.wav
    """
    if not (len(given) or live):
        raise click.UsageError(f'nothing to remember: give {OPTIONS} or --live')
    views = given.read()
    from xsense_ros.nodes.client import RetrievalClient

    with RetrievalClient(node, timeout) as client:
        item = client.enroll(label, views, live, item_id)
    count = len(item.modalities)
    click.echo(f'{item.item_id}: {item.label}, {count} view{"s" if count != 1 else ""}')
