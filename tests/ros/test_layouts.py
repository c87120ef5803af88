# SPDX-License-Identifier: Apache-2.0
"""The layouts for Foxglove and RViz name topics, types, fields and services that really exist.

Neither program is installed here: they are compared with the table of our interfaces, which
tests/ros/test_interface_table.py compares with running nodes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from xsense_ros.nodes.adapters import message_class
from xsense_ros.nodes.interface_table import HEARS, SAYS, SERVICES, TOPICS
from xsense_ros.resources import find_resource

KINDS = {
    '/' + row.name.lstrip('/'): (row.direction, row.kind)
    for rows in TOPICS.values()
    for row in rows
}
SERVICE_KINDS = {
    f'/{node}/{row.name}': row.kind for node, rows in SERVICES.items() for row in rows
}
LAYOUT = json.loads(find_resource('config/foxglove.json').read_text('utf-8'))
PANELS: dict[str, dict[str, Any]] = LAYOUT['configById']


def panels(kind: str) -> dict[str, dict[str, Any]]:
    return {name: panel for name, panel in PANELS.items() if name.partition('!')[0] == kind}


def kind_of(topic: str) -> str:
    """Full name of the type of a topic."""
    assert topic in KINDS, f'{topic}: no node of ours has it'
    return KINDS[topic][1].replace('/', '/msg/')


def check_path(path: str) -> str:
    """Follow a path such as '/matches.matches[0].score'; the type of what it leads to."""
    topic, *fields = re.sub(r'\[[^]]*\]', '', path).split('.')
    kind = kind_of(topic)
    for field in fields:
        found = message_class(kind).get_fields_and_field_types()
        assert field in found, f'{path}: {kind} has no field {field}'
        inner = found[field].removeprefix('sequence<').rstrip('>')
        kind = inner.replace('/', '/msg/') if '/' in inner else inner
    return kind


def check_fields(kind: type[Any], values: dict[str, Any]) -> None:
    """Fails for a field that the message does not have."""
    fields = kind.get_fields_and_field_types()
    for name, value in values.items():
        assert name in fields, f'{kind.__name__} has no field {name}'
        if isinstance(value, dict):
            check_fields(message_class(fields[name].replace('/', '/msg/')), value)


def leaves(layout: Any) -> Iterator[str]:
    """Names of the panels of a layout."""
    if isinstance(layout, str):
        yield layout
        for tab in PANELS[layout].get('tabs', ()):
            yield from leaves(tab['layout'])
    else:
        assert layout['direction'] in ('row', 'column') and 0 < layout['splitPercentage'] < 100
        yield from leaves(layout['first'])
        yield from leaves(layout['second'])


def test_every_panel_is_shown_once() -> None:
    shown = list(leaves(LAYOUT['layout']))
    assert sorted(shown) == sorted(PANELS)


def test_panels_of_known_kinds() -> None:
    known = {
        'Image', 'Table', 'RawMessages', 'Plot', 'Publish', 'CallService', 'DiagnosticSummary',
        'Tab',
    }  # fmt: skip
    assert {name.partition('!')[0] for name in PANELS} == known


@pytest.mark.parametrize('name', panels('Image'))
def test_pictures(name: str) -> None:
    mode = PANELS[name]['imageMode']
    compressed = mode['imageTopic'].endswith('/compressed')
    expected = 'CompressedImage' if compressed else 'Image'
    assert kind_of(mode['imageTopic']) == f'sensor_msgs/msg/{expected}'
    if 'calibrationTopic' in mode:
        assert kind_of(mode['calibrationTopic']) == 'sensor_msgs/msg/CameraInfo'


@pytest.mark.parametrize('name', [*panels('RawMessages'), *panels('Table')])
def test_messages(name: str) -> None:
    path = PANELS[name]['topicPath']
    check_path(path)
    assert KINDS[path.partition('.')[0]][0] == SAYS


@pytest.mark.parametrize('name', panels('Plot'))
def test_curves(name: str) -> None:
    for path in PANELS[name]['paths']:
        assert check_path(path['value']) in ('float', 'double'), path


@pytest.mark.parametrize('name', panels('Publish'))
def test_what_is_published(name: str) -> None:
    panel = PANELS[name]
    assert KINDS[panel['topicName']][0] == HEARS
    assert kind_of(panel['topicName']) == panel['datatype']
    check_fields(message_class(panel['datatype']), json.loads(panel['value']))


@pytest.mark.parametrize('name', panels('CallService'))
def test_what_is_called(name: str) -> None:
    panel = PANELS[name]
    kind = SERVICE_KINDS[panel['serviceName']].replace('/', '/srv/')
    check_fields(message_class(kind).Request, json.loads(panel['requestPayload']))


def test_diagnostics() -> None:
    (panel,) = panels('DiagnosticSummary').values()
    assert kind_of(panel['topicToRender']) == 'diagnostic_msgs/msg/DiagnosticArray'


def test_rviz() -> None:
    text = find_resource('config/xsense.rviz').read_text('utf-8')
    displays = yaml.safe_load(text)['Visualization Manager']['Displays']
    topics = [display['Topic']['Value'] for display in displays]
    assert len(set(topics)) == len(topics) >= 5
    for display in displays:
        assert display['Class'] == 'rviz_default_plugins/Image'
        assert kind_of(display['Topic']['Value']) == 'sensor_msgs/msg/Image'
        # Best effort hears every publisher.
        assert display['Topic']['Reliability Policy'] == 'Best Effort'
