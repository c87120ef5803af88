# SPDX-License-Identifier: Apache-2.0
"""`xsense gallery`: what is remembered, through a running node or straight from its file."""

from __future__ import annotations

import click

from xsense_ros.commands.samples import HELP
from xsense_ros.lazy_group import LazyGroup

# name -> what the list of commands says of it, as in xsense_ros.cli. The command itself is
# xsense_ros.commands.gallery.<name>.
COMMANDS = {
    'list': 'List the items in order of enrolment.',
    'show': 'Show one item.',
    'forget': 'Forget items and all their views.',
    'rename': 'Give an item another label.',
    'undo': 'Take back an enrolment, a forgetting or a renaming.',
    'import': 'Fill it from a folder per item, or a CSV table.',
    'stats': 'Count what is remembered, draw its map, name look-alikes.',
    'calibrate': 'Find thresholds for "unknown" by its own views.',
    'export': 'Write items into one portable file.',
    'merge': 'Bring the items of portable files in.',
    'snapshot': 'Write the whole gallery into a file with the date.',
    'restore': 'Make it what a snapshot holds.',
    'erase': 'Erase for good what was forgotten.',
    'rebuild': 'Make a gallery again for other models, from its samples.',
    're-embed': 'The same as rebuild.',
}


@click.group(cls=LazyGroup, package=__name__, commands=COMMANDS, context_settings=HELP)
def command() -> None:
    """See, fill, change, carry and judge what is remembered.

    \b
    Examples:
      xsense gallery list --contains mug
      xsense gallery show fox --picture fox.jpg
      xsense gallery list --file ~/.local/share/xsense/gallery.db
      xsense gallery import things
      xsense gallery snapshot --into backups --keep 7
    """
