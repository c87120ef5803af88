# SPDX-License-Identifier: Apache-2.0
"""Every command in README.md and docs/ exists, with every option, argument and field it uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.docs.command_line import commands, programs
from tests.docs.fences import (
    DOCUMENTS,
    KINDS,
    ROOT,
    blocks,
    commands_of,
    in_blocks,
    in_sentences,
)
from tests.docs.typed import ALLOWED, complaint


@pytest.mark.parametrize('file', DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_commands_can_be_typed(file: Path) -> None:
    found = [*in_blocks(file), *in_sentences(file)]
    wrong = [
        f'{command.place}: {" ".join(command.words)}\n    {said}'
        for command in found
        if (said := complaint(command.words, command.whole))
    ]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('file', DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_block_says_what_it_is(file: Path) -> None:
    """A block without a kind would be looked at by nobody."""
    assert [f'{file.name}:{one.line}' for one in blocks(file) if one.kind not in KINDS] == []


def examples(program: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commands in the help of each command: lines that begin with a program's name."""
    for path, command, _ in commands(program, programs()[program]):
        text = re.sub(r'\\\n\s*', '', command.help or '')
        for line in text.splitlines():
            typed = re.sub(r'\s{2,}\(.*\)$', '', line.strip())  # a remark beside it
            if re.match(r'(xsense|xsense-train|torchrun|ros2) ', typed):
                for words in commands_of(typed):
                    yield f'{path}: {typed}', words


def test_exceptions_are_used_and_have_a_reason() -> None:
    found = [*(one for file in DOCUMENTS for one in (*in_blocks(file), *in_sentences(file)))]
    used = {command.words[0] for command in found}
    used |= {words[0] for program in programs() for _, words in examples(program)}
    assert set(ALLOWED) <= used
    assert all(ALLOWED.values())


@pytest.mark.parametrize('program', programs())
def test_examples_of_the_help_can_be_typed(program: str) -> None:
    wrong = [
        f'{place}: {said}' for place, words in examples(program) if (said := complaint(words))
    ]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        ('xsense nonsense', 'no command'),
        ('xsense query --smell a.png', '--smell'),
        ('xsense query --text a --target smell', 'smell'),
        ('xsense query --text a extra', 'does not take'),
        ('xsense enroll', 'needs'),
        ('xsense-train fit cooking', 'cooking'),
        ('make coffee', 'coffee'),
        ('make demo SPEED=2', 'SPEED'),
        ('ros2 launch xsense_ros no.launch.py', 'no.launch.py'),
        ('ros2 launch xsense_ros retrieval.launch.py smell:=true', 'smell'),
        ('ros2 run xsense_ros smell_node', 'smell_node'),
        ('ros2 run xsense_ros retrieval_node --ros-args -p smell:=1', 'smell'),
        ('ros2 service call /retrieval/smell xsense_ros/srv/Query', 'smell'),
        (
            "ros2 service call /retrieval/query xsense_ros/srv/Query '{sample: {smell: 1}}'",
            'smell',
        ),
        ('ros2 topic echo /smells', 'smells'),
        ("ros2 topic pub /text xsense_ros/msg/TextStamped '{words: a}'", 'words'),
        ('ros2 param set /retrieval smell 1', 'smell'),
        ('ros2 lifecycle set retrieval wake', 'wake'),
        ('python -m no_such_module', 'no_such_module'),
        ('frobnicate', 'frobnicate'),
    ],
)
def test_mistakes_are_noticed(words: str, said: str) -> None:
    assert said in complaint(shlex.split(words))
