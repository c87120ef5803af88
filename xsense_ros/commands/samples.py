# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share: samples given on the command line, and the node to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from xsense_ros.msg import Sample

HELP = {'help_option_names': ['-h', '--help']}
_VARIABLES = {'image': 'images', 'sketch': 'sketches', 'sound': 'sounds', 'text': 'texts'}
_FILE = click.Path(path_type=Path, dir_okay=False)


def node_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--node and --timeout."""
    command = click.option(
        '--timeout',
        type=click.FloatRange(0.1, 3600),
        default=10.0,
        show_default=True,
        help='Seconds to wait for the node.',
    )(command)
    return click.option(
        '--node', default='retrieval', show_default=True, help='The node, with its namespace.'
    )(command)


def sample_options(multiple: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--image, --sketch, --sound and --text, each of which may be repeated or not."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for name, kind, text in (
            ('text', str, 'A word or sentence.'),
            ('sound', _FILE, 'A WAV file.'),
            ('sketch', _FILE, 'A drawing: a JPEG or PNG file.'),
            ('image', _FILE, 'A JPEG or PNG file.'),
        ):
            command = click.option(
                f'--{name}', _VARIABLES[name], type=kind, multiple=multiple, help=text
            )(command)
        return command

    return add


def samples(
    images: Sequence[Path],
    sketches: Sequence[Path],
    sounds: Sequence[Path],
    texts: Sequence[str],
) -> list[Sample]:
    """Read them; InputError for a file that cannot be used."""
    from xsense_ros.nodes.client import picture_sample, sound_sample, text_sample

    return [
        *map(picture_sample, images),
        *(picture_sample(path, 'sketch') for path in sketches),
        *map(sound_sample, sounds),
        *map(text_sample, texts),
    ]
