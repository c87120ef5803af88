# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a `ros2` command of the documentation, without the ros2 command line."""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from scripts.docs.launch_files import launch_files
from scripts.docs.node_tables import PARAMETERS
from tests.docs.fences import ROOT
from xsense_ros.nodes.interface_table import SERVICES, TOPICS

OTHER = {'doctor', 'pkg', 'node', 'component', 'daemon', 'action'}
VERBS = {
    'bag': {'record', 'play', 'info', 'convert'},
    'security': {'create_keystore', 'create_enclave', 'create_permission', 'generate_artifacts'},
    'lifecycle': {'get', 'set', 'nodes', 'list'},
}
TRANSITIONS = {'configure', 'activate', 'deactivate', 'cleanup', 'shutdown'}
PROGRAMS = ('xsense',)


def ros2(words: Sequence[str], clicked: Callable[[str, Sequence[str]], str]) -> str:
    """What `ros2` would say to these words, or ''; ``clicked`` judges commands of our own."""
    verb, rest = words[0], words[1:]
    if verb in OTHER or not rest:
        return ''
    if verb == 'launch':
        return _launch(rest)
    if verb == 'run':
        return _run(rest, clicked)
    if verb in VERBS:
        if rest[0] not in VERBS[verb]:
            return f'ros2 {verb} has no {rest[0]}'
        changes = verb == 'lifecycle' and rest[0] == 'set' and len(rest) > 2
        return f'no transition {rest[2]}' if changes and rest[2] not in TRANSITIONS else ''
    if verb == 'interface':
        return _interface(rest[1])[1] if len(rest) > 1 else ''
    if verb == 'param':
        return _param(rest)
    if verb == 'service':
        return _service(rest)
    if verb == 'topic':
        return _topic(rest)
    return f'no test knows ros2 {verb}'


def _launch(words: Sequence[str]) -> str:
    if not words or words[0] != 'xsense_ros' or len(words) < 2:
        return ''
    known = launch_files()
    if words[1] not in known:
        return f'there is no launch file {words[1]}'
    names = {argument.name for argument in known[words[1]]}
    for word in words[2:]:
        name, sign, _ = word.partition(':=')
        if not word.startswith('--') and (not sign or name not in names):
            return f'{words[1]} takes no argument {word!r}'
    return ''


def _run(words: Sequence[str], clicked: Callable[[str, Sequence[str]], str]) -> str:
    if words[0] != 'xsense_ros' or len(words) < 2:
        return ''  # a driver of somebody else
    program, rest = words[1], words[2:]
    if not (ROOT / 'scripts' / program).is_file():
        return f'no executable {program}'
    if program in PROGRAMS:
        return clicked(program, rest)
    return ros_arguments(program.removesuffix('_node'), rest)


def ros_arguments(node: str, words: Sequence[str]) -> str:
    """What is wrong with the arguments of a node of ours, or ''."""
    known = {row.name for row in PARAMETERS.get(node, ())} | {'use_sim_time'}
    for option, value in itertools.pairwise(words):
        if option == '-p':
            name = value.partition(':=')[0]
            if name not in known and not name.startswith('qos_overrides.'):
                return f'{node} has no parameter {name}'
        ours = option == '--params-file' and value.startswith('config/')
        if ours and not (ROOT / value).is_file():
            return f'no file {value}'
    return ''


def _param(words: Sequence[str]) -> str:
    if words[0] in ('list', 'dump', 'load') or len(words) < 3:
        return ''
    node, name = words[1].rpartition('/')[2], words[2]
    if node == 'NODE' or name == 'NAME' or name.startswith('qos_overrides.'):
        return ''
    known = {row.name for row in PARAMETERS.get(node, ())} | {'use_sim_time'}
    return '' if name in known else f'{node} has no parameter {name}'


def _service(words: Sequence[str]) -> str:
    if words[0] != 'call':
        return ''
    path, kind = words[1], words[2]
    node, name = path.split('/')[-2:]
    rows = {row.name: row.kind for row in SERVICES.get(node, ())}
    if rows.get(name) != kind.replace('/srv', ''):
        return f'{node} has no service {name} of type {kind}'
    found, wrong = _interface(kind)
    return wrong or _fits(found.Request, words[3] if len(words) > 3 else '{}')


def _topic(words: Sequence[str]) -> str:
    if words[0] == 'pub':
        rest = [word for word in words[1:] if not word.startswith('-')]
        found, wrong = _interface(rest[1])
        return wrong or _fits(found, rest[2] if len(rest) > 2 else '{}')
    named = [word for word in words[1:] if word.startswith('/') or word.isidentifier()]
    known = [row.name for rows in TOPICS.values() for row in rows]
    if (
        words[0] == 'echo'
        and named
        and not any(f'/{named[0]}'.endswith(f'/{name.lstrip("/")}') for name in known)
    ):
        return f'nobody publishes {named[0]}'
    return ''


def _interface(kind: str) -> tuple[Any, str]:
    """A message or service type, or what is wrong with its name."""
    package, _, rest = kind.partition('/')
    part, _, name = rest.rpartition('/')
    try:
        return getattr(importlib.import_module(f'{package}.{part or "msg"}'), name), ''
    except (ImportError, AttributeError):
        return None, f'there is no type {kind}'


def _fits(kind: Any, text: str) -> str:
    return _fields(kind, yaml.safe_load(text) or {})


def _fields(kind: Any, values: dict[str, Any]) -> str:
    known = kind.get_fields_and_field_types()
    for name, value in values.items():
        if name not in known:
            return f'{kind.__name__} has no field {name}'
        inner = re.fullmatch(r'(?:sequence<)?(\w+/\w+)>?', known[name])
        if inner:
            found, wrong = _interface(inner[1])
            for one in value if isinstance(value, list) else [value]:
                wrong = wrong or _fields(found, one)
            if wrong:
                return wrong
    return ''
