# SPDX-License-Identifier: Apache-2.0
"""`xsense completion`: the script that completes this command in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from xsense_ros.commands.samples import HELP

_SHELLS = ('bash', 'zsh', 'fish')


@click.command(context_settings=HELP)
@click.argument('shell', type=click.Choice(_SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print what completes commands, options and their values in a shell (bash from 4.4 on).

    \b
    Examples:
      eval "$(xsense completion bash)"          in ~/.bashrc
      eval "$(xsense completion zsh)"           in ~/.zshrc, after compinit
      xsense completion fish > ~/.config/fish/completions/xsense.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click knows all of _SHELLS
    root = context.find_root().command
    click.echo(kind(root, {}, 'xsense', '_XSENSE_COMPLETE').source())
