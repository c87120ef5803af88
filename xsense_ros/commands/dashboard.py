# SPDX-License-Identifier: Apache-2.0
"""`xsense dashboard`: the live page of a running robot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from xsense_ros.commands.samples import HELP

_NEEDED = ('starlette', 'uvicorn', 'websockets', 'python-multipart')


def _plain(context: click.Context, option: click.Parameter, value: str) -> str:
    """What can stand in quotes on a node's command line."""
    if not value.isprintable() or "'" in value:
        raise click.BadParameter('printable characters without quotes')
    return value


@click.command(context_settings=HELP)
@click.option(
    '--host',
    default='127.0.0.1',
    show_default=True,
    callback=_plain,
    help='Address to serve on; any but loopback needs a token.',
)
@click.option(
    '--port',
    type=click.IntRange(0, 65535),
    default=8420,
    show_default=True,
    help='Port of the page; 0: any that is free.',
)
@click.option(
    '--token',
    envvar='XSENSE_DASHBOARD_TOKEN',
    help='Secret that browsers must show. Others on this computer can read it in the list of '
    'processes: better set XSENSE_DASHBOARD_TOKEN.',
)
@click.option(
    '--namespace',
    default='',
    callback=_plain,
    help='Namespace of the robot, such as /robot7.',
)
@click.option(
    '--params-file',
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Parameters, as in config/dashboard.yaml; the options here count before it.',
)
@click.pass_context
def command(
    context: click.Context,
    host: str,
    port: int,
    token: str | None,
    namespace: str,
    params_file: Path | None,
) -> None:
    """Serve the live page of a running robot, until Ctrl-C.

    The page shows what the robot senses and finds, and asks it: by drawing, typing or dropping a
    file. It comes and goes with no node: start it before or after them.

    \b
    Examples:
      xsense dashboard
      xsense dashboard --namespace /robot7 --port 8421
      XSENSE_DASHBOARD_TOKEN=$(cat secret) xsense dashboard --host 0.0.0.0
    """
    arguments = ['--ros-args']
    if params_file is not None:
        arguments += ['--params-file', str(params_file)]
    given = {'host': f"'{host}'", 'port': str(port)}
    for name, value in given.items():
        source = context.get_parameter_source(name)
        # What was not asked for is left to the file.
        if params_file is None or source is not click.core.ParameterSource.DEFAULT:
            arguments += ['-p', f'{name}:={value}']
    if namespace:
        arguments += ['-r', f'__ns:=/{namespace.strip("/")}']
    if token:
        os.environ['XSENSE_DASHBOARD_TOKEN'] = token
    try:
        from xsense_ros.nodes.dashboard_node import main
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        raise click.ClickException(f'{error}. Cure: pip install {" ".join(_NEEDED)}') from error
    sys.exit(main(arguments))
