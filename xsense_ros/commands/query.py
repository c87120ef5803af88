# SPDX-License-Identifier: Apache-2.0
"""`xsense query`: ask a running node once."""

from __future__ import annotations

import click

from xsense_ros.commands.samples import HELP, OPTIONS, Given, node_options, sample_options
from xsense_ros.names import HEARD_NOW, MODALITIES


@click.command(context_settings=HELP)
@sample_options(multiple=False)
@click.option(
    '--live', type=click.Choice(HEARD_NOW), multiple=True, help='What the node senses now.'
)
@click.option(
    '--target',
    'targets',
    type=click.Choice(MODALITIES),
    multiple=True,
    help="Which remembered views may answer  [default: the node's]",
)
@click.option('--top', type=click.IntRange(1, 1000), default=5, show_default=True)
@click.option('--json', 'as_json', is_flag=True, help='The whole answer as JSON.')
@node_options
def command(
    given: Given,
    live: tuple[str, ...],
    targets: tuple[str, ...],
    top: int,
    as_json: bool,
    node: str,
    timeout: float,
) -> None:
    """Ask a running node once, with one picture, sketch, sound, text, touch or knock.

    Several of them, each of another sense, are of one event and are answered as one. With --live
    it is what the node has seen, heard or felt last.

    \b
    Examples:
      xsense query --text "coffee mug"
      xsense query --sketch drawn.png
      xsense query --sound bark.wav --target image --top 3
      xsense query --touch pressed.png --background untouched.png --profile digit
      xsense query --impact knock.wav
      xsense query --sketch drawn.png --text "coffee mug"
      xsense query --live touch --live impact
    """
    if not (len(given) or live):
        raise click.UsageError(f'give one of {OPTIONS} or --live, or several')
    samples = given.read()
    from xsense_ros.nodes.client import RetrievalClient, live_sample
    from xsense_ros.nodes.echo import answer_lines, to_json

    sample, *also = samples + [live_sample(modality) for modality in live]
    with RetrievalClient(node, timeout) as client:
        answer = client.query(sample, targets, top, also)
    click.echo(to_json(answer) if as_json else '\n'.join(answer_lines(answer)))
