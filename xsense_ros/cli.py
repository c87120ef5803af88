# SPDX-License-Identifier: Apache-2.0
"""The `xsense` command. A subcommand is imported when it is used, so that `--help` is instant."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from xsense_ros import __version__
from xsense_ros.errors import XsenseError

# name -> what the list of commands says of it. The command itself is xsense_ros.commands.<name>.
COMMANDS = {
    'demo': 'See, hear and read: the nodes over DDS, fed by a recording.',
    'replay': 'Publish a recording with its recorded timing.',
    'echo': 'Show the answers of a running node as they come.',
    'enroll': 'Let a running node remember a thing.',
    'query': 'Ask a running node once.',
    'gallery': 'List, show, forget, rename and rebuild what is remembered.',
    'bundle': 'List, show and verify model bundles.',
}
_NO_ROS = (
    'this command needs ROS 2 and the built package. Cure: source the workspace '
    '(`. install/setup.bash`), or run `make demo` once and use .venv/bin/xsense'
)


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ClickException where ROS 2 is missing."""
        if cmd_name not in COMMANDS:
            return None
        with _ClearErrors():
            module = importlib.import_module(f'xsense_ros.commands.{cmd_name}')
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table itself, without importing anything."""
        with formatter.section('Commands'):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """One clear line and exit status 1 for what is wrong with the user's things."""
        with _ClearErrors():
            return super().invoke(ctx)


class _ClearErrors:
    """Turns errors that a user can mend into a line on the terminal."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, XsenseError):
            raise click.ClickException(str(error)) from error
        if isinstance(error, ModuleNotFoundError) and _is_ros(error.name or ''):
            raise click.ClickException(f'{error}: {_NO_ROS}') from error


def _is_ros(module: str) -> bool:
    first = module.partition('.')[0]
    own = module.startswith(('xsense_ros.msg', 'xsense_ros.srv'))
    return own or first == 'rclpy' or first.endswith('_msgs')


@click.group(cls=LazyGroup, context_settings={'help_option_names': ['-h', '--help']})
@click.version_option(__version__, prog_name='xsense')
def main() -> None:
    """Ask with one sense, be answered in another.

    \b
    Examples:
      xsense demo
      xsense enroll "my mug" --image mug.jpg
      xsense query --text "coffee mug"
      xsense gallery list
    """


if __name__ == '__main__':
    sys.exit(main(prog_name='xsense'))
