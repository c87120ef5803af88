# SPDX-License-Identifier: Apache-2.0
"""`xsense echo`: the answers of a running node, as lines or JSON."""

from __future__ import annotations

import click


@click.command(context_settings={'help_option_names': ['-h', '--help']})
@click.option('--topic', default='matches', show_default=True, help='Topic of the answers.')
@click.option('--json', 'as_json', is_flag=True, help='Each message as one line of JSON.')
@click.option('--once', is_flag=True, help='End after the first answer.')
def command(topic: str, as_json: bool, once: bool) -> None:
    """Show the answers of a running node as they come.

    \b
    Examples:
      xsense echo
      xsense echo --topic /robot/matches --json | jq .matches[0].label
    """
    from xsense_ros.nodes.echo import echo

    echo(topic, as_json=as_json, once=once)
