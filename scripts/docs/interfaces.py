# SPDX-License-Identifier: Apache-2.0
"""Messages and services, read from the comments of msg/*.msg and srv/*.srv."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from scripts.docs.markdown import code, page, quoted, table

ROOT = Path(__file__).resolve().parents[2]
_LINE = re.compile(r'^(?P<type>[\w/\[\]<>=]+)\s+(?P<name>\w+)\s*(?P<value>.*)$')


@dataclass(frozen=True)
class Field:
    """A field or, where ``value`` begins with '=', a constant."""

    type: str
    name: str
    value: str
    comment: str


@dataclass
class Interface:
    """A message, or a service of two parts.

    Attributes:
        name: without the package.
        meaning: first comment of the file, on one line.
        parts: fields; one list for a message, request and response for a service.
    """

    name: str
    meaning: str = ''
    parts: list[list[Field]] = field(default_factory=lambda: [[]])


def read_interface(path: Path) -> Interface:
    """A file as its writer meant it: comments above a field, or beside it, belong to it."""
    found = Interface(path.stem)
    above: list[str] = []
    for line in path.read_text('utf-8').splitlines():
        text, comment = _split(line)
        if text == '---':
            found.parts.append([])
        elif text:
            match = _LINE.match(text)
            assert match, f'{path.name}: {line}'
            # Above fields that say something of their own it is the heading of their group.
            said = ': '.join(part for part in (' '.join(above), comment) if part)
            found.parts[-1].append(Field(match['type'], match['name'], match['value'], said))
            above = above if comment else []
        elif comment:
            above.append(comment)
        else:
            found.meaning = found.meaning or ' '.join(above)
            above = []
    return found


def _split(line: str) -> tuple[str, str]:
    """What stands before a comment, and in it; a # within quotes begins none."""
    match = re.match(r'^((?:[^#"]|"[^"]*")*)#?(.*)$', line)
    assert match
    return match[1].strip(), match[2].strip()


def read_all() -> tuple[list[Interface], list[Interface]]:
    """All messages and all services, by name."""
    messages = [read_interface(path) for path in sorted(ROOT.glob('msg/*.msg'))]
    return messages, [read_interface(path) for path in sorted(ROOT.glob('srv/*.srv'))]


def meanings() -> dict[str, str]:
    """What each interface is for, by PACKAGE/NAME."""
    messages, services = read_all()
    return {f'xsense_ros/{one.name}': one.meaning for one in (*messages, *services)}


def link(kind: str, folder: str = '') -> str:
    """A type, as a link where it is one of ours.

    Args:
        kind: PACKAGE/NAME.
        folder: of the page of interfaces, as seen by the page that links to it.
    """
    package, _, name = kind.partition('/')
    if package != 'xsense_ros':
        return kind
    return f'[{kind}]({folder}interfaces.md#{name.lower()})'


def interfaces_page() -> str:
    """docs/reference/interfaces.md."""
    messages, services = read_all()
    return page(
        'Messages and services',
        'Every field, as `msg/` and `srv/` describe it. `ros2 interface show` prints the same.',
        '## Messages',
        *(_message(one) for one in messages),
        '## Services',
        *(_service(one) for one in services),
    )


def _message(one: Interface) -> str:
    return f'### {one.name}\n\n{one.meaning}\n\n{_fields(one.parts[0])}'


def _service(one: Interface) -> str:
    request, response = one.parts
    parts = [f'### {one.name}', one.meaning, 'Request:', _fields(request)]
    return '\n\n'.join([*parts, 'Response:', _fields(response)])


def _fields(fields: list[Field]) -> str:
    if not fields:
        return code('(nothing)')
    rows = [
        (
            quoted(one.name),
            quoted(one.type),
            f'`{one.value}`' if one.value else '',
            one.comment,
        )
        for one in fields
    ]
    return table(('field', 'type', 'default, or = constant', 'meaning'), rows)
