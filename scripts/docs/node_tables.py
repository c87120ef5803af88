# SPDX-License-Identifier: Apache-2.0
"""Topics, services and parameters of the nodes, from the tables by which the nodes work."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path

from scripts.docs.interfaces import link, meanings
from scripts.docs.markdown import page, quoted, table
from xsense_ros.nodes import parameter_table
from xsense_ros.nodes.dashboard import parameters as dashboard_parameters
from xsense_ros.nodes.interface_table import SERVICES, TOPICS
from xsense_ros.nodes.matching import parameters as matching_parameters
from xsense_ros.nodes.parameter_spec import ParameterSpec

PARAMETERS: dict[str, Sequence[ParameterSpec]] = {
    'retrieval': parameter_table.PARAMETERS,
    'matching': matching_parameters.PARAMETERS,
    'dashboard': dashboard_parameters.PARAMETERS,
}
PURPOSE = {
    'retrieval': 'Asks with every sense it hears, searches its gallery, and publishes ranked '
    'answers. A managed (lifecycle) node.',
    'matching': 'Finds what was marked in a visible frame in the frames of an infrared camera, '
    'or says that it is not there. A managed (lifecycle) node.',
    'dashboard': 'Serves the live page ([its page](../dashboard.md)). A plain node: it holds no '
    'models, asks the other nodes by their services, and while somebody looks it hears what they '
    'hear and say. It has no topics or services of its own.',
}


def topics(node: str, folder: str = '') -> str:
    """Table of the topics of a node."""
    rows = [
        (f'{row.direction} `{row.name}`', link(row.kind, folder), row.quality, row.meaning)
        for row in TOPICS[node]
    ]
    return table(('topic', 'type', 'quality of service', 'meaning'), rows)


def services(node: str, folder: str = '') -> str:
    """Table of the services of a node."""
    said = meanings()
    rows = [
        (
            quoted(f'~/{row.name}'),
            link(row.kind, folder),
            row.states,
            row.meaning or said[row.kind],
        )
        for row in SERVICES[node]
    ]
    return table(('service', 'type', 'served while', 'what it does'), rows)


def parameters(node: str) -> str:
    """Table of the parameters of a node."""
    rows = [
        (quoted(spec.name), quoted(_default(spec)), spec.changes, _meaning(spec))
        for spec in PARAMETERS[node]
    ]
    return table(('name', 'default', 'may change', 'meaning'), rows)


def nodes_page() -> str:
    """docs/reference/nodes.md."""
    parts = [
        'Names of topics are relative: namespaces and remaps work as everywhere in ROS. History, '
        'depth, reliability and durability of each topic can be set with '
        '`qos_overrides.<full topic name>.<subscription or publisher>.<policy>`.'
    ]
    for node in PARAMETERS:
        parts += [f'## {node}', PURPOSE[node]]
        if node in TOPICS:
            parts += [f'### Topics of {node}', topics(node)]
            parts += [f'### Services of {node}', services(node)]
        parts += [f'### Parameters of {node}', parameters(node)]
    return page('Nodes', *parts)


def _default(spec: ParameterSpec) -> str:
    """The value as it is written in YAML; what depends on the machine, in words or with ~."""
    if spec.default == socket.gethostname() and spec.name == 'hardware_id':
        return "the host's name"
    text = json.dumps(spec.default) if not isinstance(spec.default, str) else spec.default
    return text.replace(str(Path.home()), '~') or "''"


def _meaning(spec: ParameterSpec) -> str:
    if spec.limits is None:
        return spec.description
    low, high = spec.limits
    return f'{spec.description} Range {low:.12g} to {high:.12g}.'
