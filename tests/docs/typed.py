# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a command of the documentation, without running it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from typing import Any

import click

from scripts.docs.command_line import programs
from tests.docs.fences import ROOT
from tests.docs.typed_ros import ros2, ros_arguments

# Commands that are not ours, or need what a test machine has not; each with the reason why no
# test looks at their arguments.
ALLOWED = {
    'docker': 'needs a daemon, and root',
    'sudo': 'root',
    'pip': 'a registry',
    'colcon': 'a ROS installation; its build is tested by the same CMakeLists.txt',
    'jq': 'a filter for JSON, of the reader',
    'ssh': 'a second machine',
}
SHELL = {'.', 'source', 'cd', 'export', 'mkdir', 'cp', 'mv', 'rm', 'ls', 'cat', 'echo', 'df',
         'sleep', 'kill', 'chmod', 'unset'}  # fmt: skip


def complaint(words: Sequence[str], whole: bool = True) -> str:
    """What a user who types this would be told, or ''.

    Args:
        words: of the command.
        whole: false where it may be abridged: then nothing that is missing is wrong.
    """
    name = words[0].rpartition('/')[2] if words[0] not in ('.', './') else words[0]
    if name in ALLOWED or name in SHELL:
        return ''
    if name in ('python', 'python3'):
        return _python(words[1:], whole)
    if name == 'torchrun':
        begin = words.index('-m') if '-m' in words else 0
        return _python(words[begin:], whole) if begin else 'torchrun without -m'
    checks: dict[str, Callable[[], str]] = {
        'xsense': lambda: clicked('xsense', words[1:], whole),
        'xsense-train': lambda: clicked('xsense-train', words[1:], whole),
        'pytest': lambda: _pytest(words[1:]),
        'make': lambda: _make(words[1:]),
        'ros2': lambda: ros2(words[1:], clicked),
    }
    if name not in checks:
        return f'no test knows the command {name!r}'
    return checks[name]()


def clicked(program: str, words: Sequence[str], whole: bool = True) -> str:
    """Whether click would take these words; files need not be there."""
    command: click.Command = programs()[program]
    context: click.Context | None = None
    name, rest = program, list(words)
    while True:
        context = command.make_context(name, [], context, resilient_parsing=True)
        context.resilient_parsing = False  # from here on, like a user's
        try:
            given, left, _ = command.make_parser(context).parse_args(list(rest))
        except click.UsageError as error:
            return '' if 'requires an argument' in str(error) and not whole else str(error)
        if not isinstance(command, click.Group):
            break
        if not left:
            return '' if given or not whole else f'{context.command_path}: which command?'
        inner = command.get_command(context, left[0])
        if inner is None:
            return f'{context.command_path} has no command {left[0]!r}'
        command, name, rest = inner, left[0], left[1:]
    if given.get('help'):
        return ''
    if left:
        return f'{context.command_path} does not take {left}'
    return _values(command, context, given) if whole else ''


def _values(command: click.Command, context: click.Context, given: dict[str, Any]) -> str:
    for parameter in command.params:
        value = given.get(str(parameter.name))
        if value in (None, (), []) or parameter.value_is_missing(value):
            if parameter.required:
                return f'{context.command_path} needs {parameter.get_error_hint(context)}'
            continue
        if not isinstance(parameter.type, (click.Path, click.File)):
            try:
                parameter.type_cast_value(context, value)
            except click.UsageError as error:
                return f'{context.command_path}: {error.format_message()}'
    return ''


def _python(words: Sequence[str], whole: bool) -> str:
    words = list(words)
    if words[:1] == ['-c']:
        compile(words[1], 'documentation', 'exec')
        return ''
    if words[:1] != ['-m']:
        return (
            '' if words and (ROOT / words[0]).is_file() else f'python {" ".join(words)}: no file'
        )
    module, rest = words[1], words[2:]
    for program, group in programs().items():
        if module == group.callback.__module__:
            return clicked(program, rest, whole)
    if module == 'venv':
        return ''
    if importlib.util.find_spec(module) is None:
        return f'no module {module}'
    node = re.fullmatch(r'xsense_ros\.nodes\.(\w+)_node', module)
    return ros_arguments(node[1], rest) if node else ''


def _pytest(words: Sequence[str]) -> str:
    missing = [word for word in words if word.endswith('.py') and not (ROOT / word).is_file()]
    return f'no such test: {missing}' if missing else ''


def _make(words: Sequence[str]) -> str:
    text = (ROOT / 'Makefile').read_text('utf-8')
    targets = re.findall(r'^([a-z][\w%-]*):', text, re.MULTILINE)
    for word in words:
        if re.fullmatch(r'[A-Z_]+=.*', word):
            if word.partition('=')[0] not in text:
                return f'the Makefile knows no {word}'
        elif not any(re.fullmatch(target.replace('%', '.+'), word) for target in targets):
            return f'the Makefile has no target {word}'
    return ''
