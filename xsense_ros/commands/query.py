# SPDX-License-Identifier: Apache-2.0
"""`xsense query`: ask a running node once."""

from __future__ import annotations

from pathlib import Path

import click

from xsense_ros.commands.samples import HELP, node_options, sample_options, samples


@click.command(context_settings=HELP)
@sample_options(multiple=False)
@click.option(
    '--target',
    'targets',
    type=click.Choice(['image', 'sound', 'text']),
    multiple=True,
    help="Which remembered views may answer  [default: the node's]",
)
@click.option('--top', type=click.IntRange(1, 1000), default=5, show_default=True)
@click.option('--json', 'as_json', is_flag=True, help='The whole answer as JSON.')
@node_options
def command(
    images: Path | None,
    sounds: Path | None,
    texts: str | None,
    targets: tuple[str, ...],
    top: int,
    as_json: bool,
    node: str,
    timeout: float,
) -> None:
    """Ask a running node once, with one picture, sound or text.

    \b
    Examples:
      xsense query --text "coffee mug"
      xsense query --sound bark.wav --target image --top 3
    """
    given = [
        *([images] if images else []),
        *([sounds] if sounds else []),
        *([texts] if texts is not None else []),
    ]
    if len(given) != 1:
        raise click.UsageError('give one of --image, --sound and --text')
    (sample,) = samples(
        [images] if images else [],
        [sounds] if sounds else [],
        [texts] if texts is not None else [],
    )
    from xsense_ros.nodes.client import RetrievalClient
    from xsense_ros.nodes.echo import answer_lines, to_json

    with RetrievalClient(node, timeout) as client:
        answer = client.query(sample, targets, top)
    click.echo(to_json(answer) if as_json else '\n'.join(answer_lines(answer)))
