# SPDX-License-Identifier: Apache-2.0
"""What the documentation takes from the code is as the code has it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from scripts.docs.generated import files, sections
from scripts.docs.interfaces import read_all, read_interface
from scripts.docs.launch_files import launch_files
from scripts.docs.markdown import table
from scripts.docs.node_tables import PARAMETERS
from tests.docs.fences import ROOT
from xsense_ros.nodes.interface_table import SERVICES, TOPICS


def test_nothing_is_stale() -> None:
    # In an interpreter of its own: click keeps the help option that a command was first asked
    # with, so what other tests of this process called would show in the pages.
    # And in nobody's own folders: where a gallery lies is told as it is for most.
    environment = {name: value for name, value in os.environ.items() if name[:4] != 'XDG_'}
    done = subprocess.run(
        [sys.executable, '-m', 'scripts.docs', '--check'],
        cwd=ROOT, env=environment | {'PYTHONPATH': str(ROOT / 'training')},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_table_has_every_row() -> None:
    nodes = files()['docs/reference/nodes.md']
    for node, rows in PARAMETERS.items():
        for spec in rows:
            assert f'| `{spec.name}` | `' in nodes, (node, spec.name)
            readme = sections().get(('README.md', f'parameters-{node}'))
            assert readme is None or f'| `{spec.name}` | `' in readme
    for rows in TOPICS.values():
        assert all(f'{row.direction} `{row.name}`' in nodes for row in rows)
    for node, services in SERVICES.items():
        text = sections()['README.md', f'services-{node}']
        assert all(f'`~/{row.name}`' in text for row in services)


def test_nothing_of_this_machine_is_written() -> None:
    whole = '\n'.join([*files().values(), *sections().values()])
    for word in (str(Path.home()) + '/', str(ROOT)):
        assert word not in whole


def test_tables_have_as_many_cells_as_columns() -> None:
    for text in (*files().values(), *sections().values()):
        for block in re.findall(r'(?:^\|.*\n?)+', text, re.MULTILINE):
            widths = {len(re.findall(r'(?<!\\)\|', line)) for line in block.splitlines()}
            assert len(widths) == 1, block


def test_cells_are_escaped() -> None:
    assert table(('a',), [('<b> `<c>|`',)]).splitlines()[-1] == '| &lt;b> `<c>\\|` |'


def test_comments_belong_to_their_fields(tmp_path: Path) -> None:
    path = tmp_path / 'Toy.msg'
    path.write_text(
        '# What it is,\n# in two lines.\n\n# of all\nint32 a 1\nstring B="#1"  # one of two\n\n'
        '# Times [ms]\nfloat32 c    # first\nfloat32 d    # second\n'
    )
    toy = read_interface(path)
    assert toy.meaning == 'What it is, in two lines.'
    told = [(one.type, one.name, one.value, one.comment) for one in toy.parts[0]]
    assert told == [
        ('int32', 'a', '1', 'of all'),
        ('string', 'B', '="#1"', 'one of two'),
        ('float32', 'c', '', 'Times [ms]: first'),
        ('float32', 'd', '', 'Times [ms]: second'),
    ]


def test_every_field_of_every_interface_has_a_meaning() -> None:
    messages, services = read_all()
    assert len(messages) + len(services) == len([*ROOT.glob('msg/*'), *ROOT.glob('srv/*')])
    for one in (*messages, *services):
        assert one.meaning
        assert all(
            field.comment or field.value.startswith('=') for part in one.parts for field in part
        ), one.name


def test_launch_arguments_are_read_without_launch() -> None:
    known = {name: {one.name: one for one in found} for name, found in launch_files().items()}
    assert known['retrieval.launch.py']['params_file'].default == 'config/retrieval.yaml'
    assert known['matching.launch.py']['params_file'].default == 'config/matching.yaml'
    assert known['retrieval.launch.py']['image_topic'].default == 'camera/image'
    assert all(one.description for found in known.values() for one in found.values())


@pytest.mark.parametrize('node', TOPICS)
def test_policy_allows_what_the_node_does_and_no_more(node: str) -> None:
    root = Xml.fromstring(files()['config/sros2_policy.xml'])
    profile = root.find(f"enclaves/enclave[@path='/xsense/{node}']/profiles/profile")
    assert profile is not None and profile.get('node') == node
    allowed = {
        (rule.tag, what, name.text)
        for rule in profile
        for what in ('publish', 'subscribe', 'reply', 'request')
        if rule.get(what) == 'ALLOW'
        for name in rule
    }
    heard = {row.name for row in TOPICS[node] if row.direction == 'subscribes'}
    said = {row.name for row in TOPICS[node] if row.direction == 'publishes'}
    named = {name for tag, what, name in allowed if what == 'subscribe'}
    assert named == heard | {'/clock', '/parameter_events'}
    named = {name for tag, what, name in allowed if what == 'publish'}
    assert named == said | {'/rosout', '/parameter_events', '~/transition_event'}
    served = {name for tag, what, name in allowed if what == 'reply'}
    assert {f'~/{row.name}' for row in SERVICES[node]} <= served
    assert not [rule for rule in allowed if rule[1] == 'request']
