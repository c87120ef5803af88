# SPDX-License-Identifier: Apache-2.0
"""Parameters are described, checked and followed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rclpy.parameter import Parameter

from tests.ros.harness import Robot
from xsense_ros.errors import InputError
from xsense_ros.nodes.parameter_table import PARAMETERS
from xsense_ros.nodes.settings import Settings, check_values
from xsense_ros.resources import find_resource

DEFAULTS = {spec.name: spec.default for spec in PARAMETERS}


def test_defaults_are_usable_and_described() -> None:
    check_values(DEFAULTS)
    settings = Settings.from_values(DEFAULTS)
    assert settings.min_probability is None and settings.threads is None
    assert all(spec.description.endswith('.') for spec in PARAMETERS)


def test_parameter_file_states_the_defaults() -> None:
    text = find_resource('config/retrieval.yaml').read_text()
    given = yaml.safe_load(text)['/**']['ros__parameters']
    assert given.items() <= DEFAULTS.items()
    assert DEFAULTS.keys() - given.keys() == {'gallery', 'hardware_id'}


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('bundles', []),
        ('bundles', ['']),
        ('gallery', ' '),
        ('backends', ['magic']),
        ('engines.build', 'sometimes'),
        ('senses', ['image', 'image']),
        ('text.targets', ['smell']),
        ('top_k', 0),
        ('min_probability', -0.5),
        ('fusion.senses', ['touch+touch']),
        ('fusion.min_margin', -0.5),
        ('min_margin', 1.5),
        ('image.max_rate', float('nan')),
        ('sound.hop_seconds', 3.0),
    ],
)
def test_bad_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(InputError, match=rf'parameter {name}: got .* expected .* Cure: '):
        check_values(DEFAULTS | {name: value})


@pytest.mark.ros
def test_bad_values_at_start_end_the_start(bundle: Path) -> None:
    with pytest.raises(InputError, match='targets'):
        Robot(bundle, text__targets=['smell'])


@pytest.mark.ros
def test_changes_of_a_running_node(robot: Robot) -> None:
    node = robot.node

    def set_value(name: str, value: object) -> str:
        result = node.set_parameters([Parameter(name, value=value)])[0]
        return '' if result.successful else result.reason

    assert 'deactivate and clean up' in set_value('gallery', '/tmp/x.db')
    assert 'deactivate the node' in set_value('threads', 2)
    assert 'read-only' in set_value('autostart', True)
    assert '1000' in set_value('top_k', 0)
    assert 'smell' in set_value('text.targets', ['smell'])
    assert 'sound.window_seconds' in set_value('sound.hop_seconds', 5.0)
    assert set_value('top_k', 1) == set_value('min_probability', 1.0) == ''
    from xsense_ros.msg import Sample
    from xsense_ros.srv import Query

    sample = Sample(modality='text', text=robot.operator.text('blue'))
    answer = robot.operator.call(Query, 'retrieval/query', Query.Request(sample=sample)).answer
    assert len(answer.matches) == 1 and not answer.accepted
    robot.lifecycle.change('deactivate')
    assert set_value('threads', 2) == ''
    descriptor = node.describe_parameter('sound.hop_seconds')
    assert descriptor.description and descriptor.floating_point_range[0].to_value == 30.0
