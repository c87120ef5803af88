# SPDX-License-Identifier: Apache-2.0
"""Arguments of the launch files, read from their source: `launch` itself is not on PyPI."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from scripts.docs.interfaces import ROOT
from scripts.docs.markdown import page, quoted, table

_SHARED = ROOT / 'xsense_ros' / 'nodes' / 'launching.py'


@dataclass(frozen=True)
class LaunchArgument:
    """What `ros2 launch ... --show-args` says of one argument."""

    name: str
    default: str
    description: str


def arguments_of(file: Path) -> list[LaunchArgument]:
    """All arguments that a launch file takes, those that all share last."""
    return [*_declared(file), *_declared(_SHARED, file.name.partition('.')[0])]


def launch_files() -> dict[str, list[LaunchArgument]]:
    """Arguments by name of the launch file."""
    found = sorted((ROOT / 'launch').glob('*.launch.py'))
    return {file.name: arguments_of(file) for file in found}


def _declared(file: Path, name: str = '') -> list[LaunchArgument]:
    tree = ast.parse(file.read_text('utf-8'))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'Argument'
    ]
    calls.sort(key=lambda call: call.lineno)
    return [_argument(call, name) for call in calls]


def _argument(call: ast.Call, name: str) -> LaunchArgument:
    given = dict(zip(('name', 'default', 'description'), call.args, strict=False))
    given |= {
        word.arg: word.value
        for word in call.keywords
        if word.arg in LaunchArgument.__annotations__
    }
    return LaunchArgument(
        _text(given['name'], name),
        _text(given['default'], name),
        _text(given['description'], name),
    )


def _text(node: ast.expr, name: str) -> str:
    """A literal as it is, a path of this package as one."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    # Either the path itself, or a name for it: its words are the parts of a path in our share.
    parts = [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    folders = [part for part in parts if part not in ('xsense_ros', '.yaml')]
    return '/'.join(folders) if folders else f'config/{name}.yaml'


def launch_page() -> str:
    """docs/reference/launch.md."""
    parts = [
        'Written NAME:=VALUE behind `ros2 launch xsense_ros FILE`. Paths are relative to the '
        'share folder of this package.'
    ]
    for name, arguments in launch_files().items():
        rows = [
            (quoted(one.name), quoted(one.default) if one.default else '', one.description)
            for one in arguments
        ]
        parts += [f'## {name}', table(('argument', 'default', 'meaning'), rows)]
    return page('Launch files', *parts)
