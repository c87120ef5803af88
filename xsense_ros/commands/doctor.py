# SPDX-License-Identifier: Apache-2.0
"""`xsense doctor`: what is wrong with this robot, and what to do about it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from xsense_ros.commands.samples import HELP

if TYPE_CHECKING:
    from xsense_ros.doctor.observation import Observation


def _rate(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, float]:
    rates = {}
    for one in given:
        topic, _, hertz = one.rpartition('=')
        try:
            rates[topic] = float(hertz)
        except ValueError:
            topic = ''
        if not topic or not rates[topic] > 0:
            raise click.BadParameter(f'{one!r} is not TOPIC=HZ, /camera/image=30 say')
    return rates


@click.command(context_settings=HELP)
@click.option(
    '--seconds', type=click.FloatRange(0.0, 3600.0), default=5.0, show_default=True,
    help='How long to watch the nodes; 0 looks at the installation only.',
)  # fmt: skip
@click.option('--namespace', default='', metavar='NS', help='Only nodes in this namespace.')
@click.option(
    '--rate', 'rates', multiple=True, metavar='TOPIC=HZ', callback=_rate,
    help='Expect so many messages a second on an input topic; may be repeated.',
)  # fmt: skip
@click.option('--json', 'as_json', is_flag=True, help='Everything as one JSON object.')
def command(seconds: float, namespace: str, rates: dict[str, float], as_json: bool) -> None:
    """Look at the installation and at the running nodes; say what is wrong and how to mend it.

    Exit status: 0 all is well (notes may be shown), 1 there are warnings or errors, 2 the nodes
    could not be looked at. While it watches it listens to the input topics and to the answers.

    \b
    Examples:
      xsense doctor
      xsense doctor --namespace /robot1 --seconds 10
      xsense doctor --rate /camera/image=30 --json | jq .findings[].cure
      xsense doctor --seconds 0
    """
    from rich.console import Console

    from xsense_ros.doctor.installation import examine_installation
    from xsense_ros.doctor.report import Report
    from xsense_ros.doctor.rules import examine
    from xsense_ros.resources import default_gallery

    blind, seen = _look(seconds, namespace, rates) if seconds else ('', None)
    robot = examine(seen) if seen else {}
    galleries = seen.galleries() if seen else []
    installation = examine_installation((galleries or [default_gallery()])[0])
    report = Report(installation, robot, blind)
    if as_json:
        click.echo(json.dumps(report.to_plain(), indent=2, ensure_ascii=False))
    else:
        report.show(Console())
    sys.exit(report.status)


def _look(
    seconds: float, namespace: str, rates: dict[str, float]
) -> tuple[str, Observation | None]:
    """Why the nodes could not be looked at ('' where they could), and what was seen of them."""
    from xsense_ros.doctor.discovery import require_domain
    from xsense_ros.errors import InputError

    try:
        require_domain(os.environ.get('ROS_DOMAIN_ID', ''))
        from xsense_ros.nodes.doctor.run import watch_nodes

        return '', watch_nodes(seconds, namespace, rates)
    except (ImportError, RuntimeError, InputError) as error:
        return str(error).splitlines()[0], None
