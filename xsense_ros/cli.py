# SPDX-License-Identifier: Apache-2.0
"""The `xsense` command."""

from __future__ import annotations

import sys

import click

from xsense_ros import __version__
from xsense_ros.lazy_group import LazyGroup

# name -> what the list of commands says of it. The command itself is xsense_ros.commands.<name>.
COMMANDS = {
    'demo': 'See, hear and read: the nodes over DDS, fed by a recording.',
    'replay': 'Publish a recording with its recorded timing.',
    'echo': 'Show the answers of a running node as they come.',
    'dashboard': 'Serve the live page of a running robot.',
    'enroll': 'Let a running node remember a thing.',
    'query': 'Ask a running node once.',
    'match': 'Find a thing of a visible picture in an infrared one, from files.',
    'gallery': 'See, fill, change, carry and judge what is remembered.',
    'bundle': 'List, show and verify model bundles.',
    'engines': 'Build, list, verify and prune TensorRT engines.',
    'evaluate': 'Measure the answers to a recording against the truth, without ROS.',
    'run': 'All nodes in one process, brought up.',
    'completion': 'Print what completes `xsense` in bash, zsh or fish.',
    'doctor': 'Say what is wrong with this robot, and how to mend it.',
    'bench': 'Compare what `make bench` measured on two machines or days.',
}


@click.group(
    cls=LazyGroup,
    package='xsense_ros.commands',
    commands=COMMANDS,
    context_settings={'help_option_names': ['-h', '--help']},
)
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
