# SPDX-License-Identifier: Apache-2.0
"""What `--help` says of every command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from scripts.docs.markdown import code, page

_WIDTH = 90


def programs() -> dict[str, click.Group]:
    """Both command lines by name. The training side has to be importable."""
    from xsense_ros.cli import main as robot
    from xsense_training.cli import main as training

    return {'xsense': robot, 'xsense-train': training}


def commands(name: str, group: click.Group) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command of a program with its whole name and a context to ask it in."""
    stack: list[tuple[click.Command, click.Context | None, str]] = [(group, None, name)]
    while stack:
        command, parent, word = stack.pop(0)
        context = command.make_context(
            word, [], parent, resilient_parsing=True, terminal_width=_WIDTH
        )
        yield context.command_path, command, context
        if isinstance(command, click.Group):
            inner = []
            for below in command.list_commands(context):
                found = command.get_command(context, below)
                assert found is not None, f'{context.command_path} {below}'
                inner.append((found, context, below))
            stack[:0] = inner


def commands_page(name: str) -> str:
    """docs/reference/<program>.md."""
    parts = []
    for path, command, context in commands(name, programs()[name]):
        shown = command.get_help(context).replace(str(Path.home()), '~')
        parts += [f'## {path}' if context.parent else '', code(shown)]
    return page(f'The command `{name}`', *parts)
