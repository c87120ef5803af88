# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share: samples given on the command line, and the node to ask."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from xsense_ros.msg import Sample

HELP = {'help_option_names': ['-h', '--help']}
_FILE = click.Path(path_type=Path, dir_okay=False)
_KINDS = {
    'image': (_FILE, 'A JPEG or PNG file.'),
    'sketch': (_FILE, 'A drawing: a JPEG or PNG file.'),
    'sound': (_FILE, 'A WAV file.'),
    'text': (str, 'A word or sentence.'),
    'touch': (_FILE, 'A frame of a tactile sensor: a PNG or JPEG file.'),
    'impact': (_FILE, 'A WAV file with a knock.'),
}
_ABOUT_TOUCH = {
    'background': (_FILE, 'With --touch: the same sensor without contact, PNG or JPEG.'),
    'serial': (str, 'With --touch: the unit, whose background the node has learnt.'),
    'profile': (str, "With --touch: kind of sensor  [default: the node's]"),
}
OPTIONS = ', '.join(f'--{kind}' for kind in _KINDS)


@dataclass(frozen=True)
class Given:
    """What samples were given: files and texts by kind, and what is told of the touches."""

    by_kind: dict[str, tuple[Any, ...]]
    background: Path | None
    serial: str | None
    profile: str | None

    def __len__(self) -> int:
        return sum(map(len, self.by_kind.values()))

    def read(self) -> list[Sample]:
        """Read them; InputError for a file that cannot be used."""
        from xsense_ros.nodes import client

        known = self.background, self.serial or '', self.profile or ''
        readers: dict[str, Callable[[Any], Sample]] = {
            'image': client.picture_sample,
            'sketch': lambda path: client.picture_sample(path, 'sketch'),
            'sound': client.sound_sample,
            'text': client.text_sample,
            'touch': lambda path: client.touch_sample(path, *known),
            'impact': lambda path: client.sound_sample(path, 'impact'),
        }
        return [readers[kind](value) for kind, found in self.by_kind.items() for value in found]


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
    """--image, --sketch, --sound, --text, --touch and --impact, which may be repeated or not.

    The command receives them as ``given``.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gather(*arguments: Any, **values: Any) -> Any:
            samples = {}
            for kind in _KINDS:
                value = values.pop(kind)
                samples[kind] = value if multiple else () if value is None else (value,)
            about = {name: values.pop(name) for name in _ABOUT_TOUCH}
            _check_touch(bool(samples['touch']), about)
            return command(*arguments, given=Given(samples, **about), **values)

        gathered: Callable[..., Any] = gather
        for name, (kind, text) in reversed((_KINDS | _ABOUT_TOUCH).items()):
            many = multiple and name in _KINDS
            gathered = click.option(f'--{name}', type=kind, multiple=many, help=text)(gathered)
        return gathered

    return add


def _check_touch(touched: bool, about: dict[str, Any]) -> None:
    """UsageError for a touch that nothing is known of, or knowledge of none."""
    if touched and not (about['background'] or about['serial']):
        raise click.UsageError('--touch needs --background, or --serial of a sensor of the node')
    told = [f'--{name}' for name, value in about.items() if value is not None]
    if told and not touched:
        raise click.UsageError(f'{" and ".join(told)} goes with --touch only')
