# SPDX-License-Identifier: Apache-2.0
"""A click group that imports a subcommand when it is used, so that `--help` is instant."""

from __future__ import annotations

import importlib
import keyword
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from xsense_ros.errors import XsenseError

_NO_ROS = (
    'this command needs ROS 2 and the built package. Cure: source the workspace '
    '(`. install/setup.bash`), or run `make demo` once and use .venv/bin/xsense'
)


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it or to show its own help.

    Args:
        package: where the commands lie: NAME is the object `command` of the module PACKAGE.NAME
            (a dash in the name is an underscore in the module's, and a word of Python itself
            is followed by one).
        commands: name -> what the list of commands says of it.
    """

    def __init__(
        self, *args: Any, package: str = '', commands: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.package = package
        self.known = dict(commands or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order in which a newcomer needs them."""
        return list(self.known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ClickException where ROS 2 is missing."""
        if cmd_name not in self.known:
            return None
        with _ClearErrors():
            name = cmd_name.replace('-', '_') + '_' * keyword.iskeyword(cmd_name)
            module = importlib.import_module(f'{self.package}.{name}')
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table itself, without importing anything."""
        with formatter.section('Commands'):
            formatter.write_dl(list(self.known.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names out of the table, without importing anything, and options."""
        found = [
            CompletionItem(name, help=line)
            for name, line in self.known.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

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
