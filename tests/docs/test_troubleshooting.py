# SPDX-License-Identifier: Apache-2.0
"""What docs/troubleshooting.md and docs/doctor.md quote is what the code says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from scripts.docs.command_line import commands, programs
from tests.docs.fences import ROOT, Block, blocks
from xsense_ros.doctor.installation import examine_installation
from xsense_ros.doctor.rules import RULES
from xsense_ros.nodes import parameter_table
from xsense_ros.nodes.matching import parameters as matching_parameters

SYMPTOMS = ROOT / 'docs' / 'troubleshooting.md'
DOCTOR = ROOT / 'docs' / 'doctor.md'
ANY = '…'  # stands for what the reader's own robot has there


def literals() -> Iterator[str]:
    """Every text of the robot side; what an f-string fills in is ANY."""
    for file in (ROOT / 'xsense_ros').rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(part, 'value', ANY) for part in node.values]
                yield ''.join(part if isinstance(part, str) else ANY for part in parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def quoted() -> list[str]:
    """What the first column of the tables says a user sees."""
    rows = [line.split('|')[1] for line in SYMPTOMS.read_text().splitlines() if line[:3] == '| `']
    return [text for row in rows for text in re.findall(r'`([^`]+)`', row)]


@pytest.fixture(scope='module')
def said() -> str:
    return '\n'.join(re.sub(f'{ANY}+', ANY, text) for text in literals())


def test_every_message_that_is_quoted_is_said_somewhere(said: str) -> None:
    assert len(quoted()) > 40
    missing = []
    for text in quoted():
        # Several pieces between ANYs, each of which is said; in messages that are put together
        # of several strings no more than that can be known.
        pieces = [piece.strip(' ,;') for piece in text.split(ANY)]
        missing += [text for piece in pieces if piece not in said]
    assert not missing


def test_every_parameter_that_is_named_exists() -> None:
    known = {s.name for s in (*parameter_table.PARAMETERS, *matching_parameters.PARAMETERS)}
    roots = {name.partition('.')[0] for name in known if '.' in name}
    for page in (SYMPTOMS, DOCTOR):
        for text in re.findall(r'`([a-z_]+\.[a-z_]+)`', page.read_text()):
            assert text in known or text.partition('.')[0] not in roots, text


def test_every_rule_has_its_row() -> None:
    table = DOCTOR.read_text().split('## What it looks at')[1].split('\n\n')[1]
    first = [row.split('|')[1] for row in table.splitlines()[2:]]
    named = {name for row in first for name in re.findall(r'`([^`]+)`', row)}
    assert named == {*examine_installation(':memory:'), *RULES}


def test_the_example_is_as_the_report_is_drawn() -> None:
    (example,) = (b for b in blocks(DOCTOR) if isinstance(b, Block) and b.kind == 'text')
    assert all(len(line) <= 80 for line in example.lines)
    starts = {line.split()[0] for line in example.lines if line and line[:3] != '   '}
    assert {'well', 'error', 'warning', 'seen', 'expected', 'cure'} <= starts
    assert example.lines[-1] == '1 error, 1 warning, 3 notes'


def test_the_command_has_the_options_that_are_explained() -> None:
    path = 'xsense doctor'
    (doctor,) = (c for p, c, _ in commands('xsense', programs()['xsense']) if p == path)
    options = {name for parameter in doctor.params for name in parameter.opts}
    text = DOCTOR.read_text()
    assert {o for o in options if o.startswith('--')} - {'--help'} <= set(
        re.findall(r'--[a-z]+', text)
    )
