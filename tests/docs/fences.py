# SPDX-License-Identifier: Apache-2.0
"""Every command that README.md and docs/ show: in blocks, and in the middle of a sentence."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in (ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *ROOT.glob('docs/**/*.md'))
    if path.parent.name != 'reference'  # written from the commands themselves
)
# What a block may be; only the first two are run or checked.
COMMANDS = ('bash', 'console')
KINDS = (*COMMANDS, 'text', 'yaml', 'xml', 'json', 'python', 'csv', 'makefile')
OURS = ('xsense', 'xsense-train', 'make', 'ros2', 'pytest', 'sudo', 'ssh')
_FENCE = re.compile(r'^(?P<indent> *)(?P<fence>```+)(?P<kind>[^\n`]*)$')
_STOPS = {'&&', '||', ';', '|', '&', '(', ')', '|&'}
_TO_A_FILE = {'>', '>>', '<', '&>', '>&'}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its kind, and its lines without their indent."""

    file: Path
    line: int
    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command as the shell would see it; ``whole`` is false for one in a sentence."""

    place: str
    words: tuple[str, ...]
    whole: bool = True


def blocks(file: Path) -> Iterator[Block]:
    """The fenced blocks of a document."""
    opened: Block | None = None
    fence = indent = ''
    for number, line in enumerate(file.read_text('utf-8').splitlines(), 1):
        match = _FENCE.match(line)
        if opened is None and match:
            fence, indent = match['fence'], match['indent']
            opened = Block(file, number, match['kind'].strip().partition(' ')[0], ())
        elif opened is not None and line.strip() == fence:
            yield opened
            opened = None
        elif opened is not None:
            text = line.removeprefix(indent)
            opened = Block(opened.file, opened.line, opened.kind, (*opened.lines, text))
    assert opened is None, f'{file.name}:{opened.line}: the block is never closed'


def shell_lines(block: Block) -> Iterator[tuple[int, str]]:
    """Lines to be typed, with their numbers; a backslash joins one to the next."""
    begun, first = '', 0
    for number, line in enumerate(block.lines, block.line + 1):
        text = line
        if block.kind == 'console':
            if not begun and not line.startswith('$ '):
                continue  # what the command printed
            text = line.removeprefix('$ ')
        first = first if begun else number
        begun += text
        if begun.endswith('\\'):
            begun = begun[:-1] + ' '
            continue
        if begun.strip() and not begun.lstrip().startswith('#'):
            yield first, begun
        begun = ''


def commands_of(line: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a line, without what is only the shell's."""
    for inner in re.findall(r'\$\(([^()]*)\)', line):
        yield from commands_of(inner)
    line = re.sub(r'\$\([^()]*\)', 'SAID', line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    tokens = iter([*lexer, ';'])
    for word in tokens:
        if word in _TO_A_FILE:
            next(tokens)
            if words[-1:] == ['2']:
                words.pop()
        elif word in _STOPS:
            while words and re.fullmatch(r'\w+=.*', words[0]):
                words.pop(0)  # a variable for this command
            if words:
                yield tuple(words)
            words = []
        else:
            words.append(word)


def in_blocks(file: Path) -> Iterator[Command]:
    """Every command of the blocks of a document."""
    for block in blocks(file):
        if block.kind in COMMANDS:
            for number, line in shell_lines(block):
                for words in commands_of(line):
                    yield Command(f'{file.relative_to(ROOT)}:{number}', words)


def in_sentences(file: Path) -> Iterator[Command]:
    """Commands of ours within a sentence; they may be abridged."""
    inside = False
    for number, line in enumerate(file.read_text('utf-8').splitlines(), 1):
        if _FENCE.match(line):
            inside = not inside
        if inside:
            continue
        for text in re.findall(r'`([^`]+)`', line):
            if text.split()[0:1] and text.split()[0] in OURS and len(text.split()) > 1:
                for words in commands_of(text):
                    yield Command(f'{file.relative_to(ROOT)}:{number}', words, whole=False)
