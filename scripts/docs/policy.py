# SPDX-License-Identifier: Apache-2.0
"""An SROS 2 policy (schema 0.2.0) that allows the nodes what their tables say, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from xsense_ros.nodes.interface_table import HEARS, SAYS, SERVICES, TOPICS

# What every node of rclpy has.
_PARAMETER_SERVICES = (
    'describe_parameters',
    'get_parameter_types',
    'get_parameters',
    'list_parameters',
    'set_parameters',
    'set_parameters_atomically',
)
_LIFECYCLE = ('change_state', 'get_state', 'get_available_states', 'get_available_transitions')
_GRAPH = ('get_transition_graph', 'get_type_description')


def policy() -> str:
    """config/sros2_policy.xml: an enclave a node, and one for whoever asks and teaches them."""
    root = Xml.Element('policy', version='0.2.0')
    enclaves = Xml.SubElement(root, 'enclaves')
    for node in TOPICS:
        _node(_profile(enclaves, node, node), node)
    # The page is a node with parameters of its own; the command line has none.
    _operator(_profile(enclaves, 'operator', 'dashboard'))
    Xml.indent(root, '  ')
    notice = (
        '<!-- Written by `make docs` from the tables of topics and services; docs/security.md '
        'says how to use it. -->'
    )
    text = Xml.tostring(root, encoding='unicode')
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{notice}\n{text}\n'


def _profile(enclaves: Xml.Element, enclave: str, node: str) -> Xml.Element:
    of = Xml.SubElement(enclaves, 'enclave', path=f'/xsense/{enclave}')
    profile = Xml.SubElement(Xml.SubElement(of, 'profiles'), 'profile', ns='/', node=node)
    _rule(profile, 'topic', {'publish': 'ALLOW'}, ['/rosout'])
    _rule(profile, 'topic', {'subscribe': 'ALLOW'}, ['/clock'])
    both = {'publish': 'ALLOW', 'subscribe': 'ALLOW'}
    _rule(profile, 'topic', both, ['/parameter_events'])
    return profile


def _node(profile: Xml.Element, node: str) -> None:
    topics = TOPICS[node]
    heard = [row.name for row in topics if row.direction == HEARS]
    said = [row.name for row in topics if row.direction == SAYS]
    own = [row.name for row in SERVICES[node]]
    _rule(profile, 'topic', {'subscribe': 'ALLOW'}, heard)
    _rule(profile, 'topic', {'publish': 'ALLOW'}, [*said, '~/transition_event'])
    served = [*own, *_PARAMETER_SERVICES, *_LIFECYCLE, *_GRAPH]
    _rule(profile, 'service', {'reply': 'ALLOW'}, [f'~/{name}' for name in served])


def _operator(profile: Xml.Element) -> None:
    """May publish what the nodes hear, hear what they say, and use all their services."""
    rows = [row for topics in TOPICS.values() for row in topics]
    heard = dict.fromkeys(row.name for row in rows if row.direction == HEARS)
    said = dict.fromkeys(row.name for row in rows if row.direction == SAYS)
    events = [f'/{node}/transition_event' for node in TOPICS]
    # Whoever looks at the senses, too, as the page does.
    _rule(profile, 'topic', {'publish': 'ALLOW', 'subscribe': 'ALLOW'}, heard)
    _rule(profile, 'topic', {'subscribe': 'ALLOW'}, [*said, *events])
    asked = [
        f'/{node}/{name}'
        for node in TOPICS
        for name in (*(row.name for row in SERVICES[node]), *_PARAMETER_SERVICES, *_LIFECYCLE)
    ]
    _rule(profile, 'service', {'request': 'ALLOW'}, asked)
    own = [f'~/{name}' for name in (*_PARAMETER_SERVICES, 'get_type_description')]
    _rule(profile, 'service', {'reply': 'ALLOW'}, own)


def _rule(profile: Xml.Element, what: str, allowed: dict[str, str], names: Iterable[str]) -> None:
    rule = Xml.SubElement(profile, f'{what}s', allowed)
    for name in names:
        Xml.SubElement(rule, what).text = name
