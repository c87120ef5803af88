# SPDX-License-Identifier: Apache-2.0
"""`xsense run`: the nodes of this package in one process, on one executor."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from xsense_ros.commands.exits import BadInput
from xsense_ros.commands.samples import HELP


@dataclass(frozen=True)
class Member:
    """A node that can take part.

    Attributes:
        name: of the node and its option.
        kind: module and class, which takes the arguments of rclpy's Node and has ``close``.
        wanted: whether it is started unless the option says otherwise.
        meaning: one line of help.
    """

    name: str
    kind: str
    wanted: bool
    meaning: str


MEMBERS = (
    Member(
        'retrieval',
        'xsense_ros.nodes.retrieval_node.RetrievalNode',
        True,
        'Ask what is sensed, answer with what is remembered.',
    ),
    Member(
        'matching',
        'xsense_ros.nodes.matching_node.MatchingNode',
        False,
        'Find visible templates in infrared frames.',
    ),
    Member(
        'dashboard',
        'xsense_ros.nodes.dashboard_node.DashboardNode',
        False,
        'Serve the live page.',
    ),
)
_NAMES = tuple(member.name for member in MEMBERS)
# Both cameras that see light are the same one, as in retrieval.launch.py.
_IMAGE_TOPICS = ('camera/image', 'visible/image')
_INFRARED_TOPICS = ('infrared/image',)


def _switches(command: Callable[..., Any]) -> Callable[..., Any]:
    """--NAME / --no-NAME of each node."""
    for member in reversed(MEMBERS):
        option = f'--{member.name}/--no-{member.name}'
        command = click.option(
            option, default=member.wanted, show_default=True, help=member.meaning
        )(command)
    return command


def _of_node(text: str, separator: str) -> tuple[str, str]:
    """Node ('' for all) and the rest of NODE + separator + rest."""
    name, found, rest = text.partition(separator)
    return (name, rest) if found and name in _NAMES else ('', text)


def _parameters(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Node ('' for all) and NAME:=VALUE of each -p."""
    return [_of_node(text, ':') for text in given]


def _files(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, Path]]:
    """Node ('' for all) and file of each --params-file."""
    files = []
    for text in given:
        node, file = _of_node(text, '=')
        if not Path(file).is_file():
            raise click.BadParameter(f'{file!r} is no file; give FILE, or NODE=FILE')
        files.append((node, Path(file)))
    return files


@click.command(context_settings=HELP)
@_switches
@click.option(
    '--params-file',
    'files',
    multiple=True,
    callback=_files,
    metavar='[NODE=]FILE',
    help='Parameters of all nodes, or of one; may be repeated.',
)
@click.option(
    '-p',
    '--param',
    'parameters',
    multiple=True,
    callback=_parameters,
    metavar='NAME:=VALUE',
    help='A parameter, as of `ros2 run`; NODE:NAME:=VALUE for one node.',
)
@click.option('--namespace', default='', help='Namespace of the nodes, topics and services.')
@click.option(
    '--image-topic',
    default=_IMAGE_TOPICS[0],
    show_default=True,
    help='Raw pictures of the camera; compressed ones are heard on TOPIC/compressed.',
)
@click.option(
    '--infrared-topic',
    default=_INFRARED_TOPICS[0],
    show_default=True,
    help='Raw infrared frames; compressed ones are heard on TOPIC/compressed.',
)
@click.option('--use-sim-time', is_flag=True, help='Take the time from /clock.')
@click.option(
    '--autostart/--no-autostart',
    default=True,
    show_default=True,
    help='Configure and activate the nodes; without, a lifecycle manager does.',
)
@click.argument('ros_arguments', nargs=-1, type=click.UNPROCESSED)
def command(
    files: list[tuple[str, Path]],
    parameters: list[tuple[str, str]],
    namespace: str,
    image_topic: str,
    infrared_topic: str,
    use_sim_time: bool,
    autostart: bool,
    ros_arguments: tuple[str, ...],
    **wanted: bool,
) -> None:
    """Run the nodes in one process, on one executor, and bring them up; Ctrl-C ends all.

    Each node hears the sensors itself: none of them encodes or passes on a picture or a sound for
    another. What comes after -- goes to ROS as it is.

    \b
    Examples:
      xsense run
      xsense run --matching --dashboard
      xsense run --matching --params-file robot.yaml --params-file matching=thermal.yaml
      xsense run --namespace /robot -p top_k:=3 -- -r sketch:=tablet/image
    """
    members = [member for member in MEMBERS if wanted[member.name]]
    if not members:
        raise click.UsageError(
            f'nothing to run: give one of {", ".join(f"--{n}" for n in _NAMES)}'
        )
    renamed = dict.fromkeys(_IMAGE_TOPICS, image_topic)
    renamed |= dict.fromkeys(_INFRARED_TOPICS, infrared_topic)
    arguments = [*_own('', files, parameters), *_of_all(namespace, renamed, use_sim_time)]
    kinds = {member.name: _load(member) for member in members}
    from xsense_ros.nodes.process import run_all

    makes = {
        f'{name} node': partial(kind, cli_args=['--ros-args', *_own(name, files, parameters)])
        for name, kind in kinds.items()
    }
    args = [sys.argv[0], '--ros-args', *arguments, *ros_arguments]
    sys.exit(run_all(makes, args, autostart=autostart))


def _own(name: str, files: list[tuple[str, Path]], parameters: list[tuple[str, str]]) -> list[str]:
    """What was given for one node, or with '' for all, as after --ros-args."""
    found = []
    for node, file in files:
        found += ['--params-file', str(file.resolve())] if node == name else []
    for node, parameter in parameters:
        found += ['-p', parameter] if node == name else []
    return found


def _of_all(namespace: str, renamed: Mapping[str, str], use_sim_time: bool) -> list[str]:
    """Arguments that all nodes get, as after --ros-args."""
    found = []
    if use_sim_time:
        found += ['-p', 'use_sim_time:=true']
    if namespace:
        found += ['-r', f'__ns:=/{namespace.strip("/")}']
    for name, topic in renamed.items():
        if topic != name:
            for end in ('', '/compressed'):
                found += ['-r', f'{name}{end}:={topic}{end}']
    return found


def _load(member: Member) -> Callable[..., Any]:
    """The class of a node; BadInput where something that it needs is not installed."""
    module, _, name = member.kind.rpartition('.')
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or '').partition('.')[0] in ('rclpy', 'xsense_ros'):
            raise  # told by the command line as for every command
        raise BadInput(f'--{member.name}: {error}. Cure: pip install {error.name}') from error
    return found
