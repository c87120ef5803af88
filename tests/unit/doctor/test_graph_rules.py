# SPDX-License-Identifier: Apache-2.0
"""Rules about who is there, who talks to whom, and whether both ends fit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests.unit.doctor.seen import (
    ANSWERS,
    CAMERA,
    IMAGE,
    RELIABLE,
    TEXT,
    WORDS,
    robot,
    status,
    topic,
)
from xsense_ros.doctor import discovery, node_state, publishers, qos, sim_time
from xsense_ros.doctor.finding import Level
from xsense_ros.doctor.machine import Machine, Process
from xsense_ros.doctor.observation import MATCHING, Endpoint, Qos, SimClock
from xsense_ros.doctor.rules import examine
from xsense_ros.errors import InputError

SECOND = 10**9


def test_a_well_robot_has_no_findings() -> None:
    outcomes = examine(robot())
    assert not [finding for outcome in outcomes.values() for finding in outcome.findings]
    assert outcomes['rates'].well == '30.0 Hz /camera/image'
    assert outcomes['answers'].well == '/matches: 20 answers, 20 certain, p50 20 ms, p95 20 ms'


class TestDiscovery:
    def test_nobody_but_in_another_domain(self) -> None:
        there = {7: Process(7, 'xsense_ros.nodes.retrieval_node', 0, frozenset({42}))}
        seen = robot(nodes=[], topics=[], others=[], machine=Machine(0, {}, there))
        (finding,) = discovery.judge(seen).findings
        assert finding.level == Level.ERROR and 'retrieval_node in domain 42' in finding.seen
        assert finding.cure.startswith('export ROS_DOMAIN_ID=42')

    def test_nobody_at_all(self) -> None:
        (finding,) = discovery.judge(robot(nodes=[], others=[])).findings
        assert 'nobody at all in domain 0' in finding.seen and 'ROS_DOMAIN_ID' in finding.cure

    def test_others_but_none_of_ours(self) -> None:
        (finding,) = discovery.judge(robot(nodes=[], namespace='/arm')).findings
        assert 'none of xsense_ros in the namespace /arm' in finding.seen
        assert '--namespace' in finding.cure

    @pytest.mark.parametrize(
        ('variables', 'subject'),
        [
            ({'ROS_DOMAIN_ID': '150'}, 'ROS_DOMAIN_ID'),
            ({'FASTRTPS_DEFAULT_PROFILES_FILE': '/no/such.xml'}, 'FASTRTPS_DEFAULT_PROFILES_FILE'),
            ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'off'}, 'ROS_AUTOMATIC_DISCOVERY_RANGE'),
            (
                {'ROS_LOCALHOST_ONLY': '1', 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'},
                'ROS_LOCALHOST_ONLY',
            ),
        ],
    )
    def test_settings_that_cannot_be_meant(self, variables: dict[str, str], subject: str) -> None:
        (finding,) = discovery.judge(robot(machine=Machine(0, variables))).findings
        assert finding.subject == subject and finding.cure

    @pytest.mark.parametrize('said', ['', '0', '101', '232'])
    def test_domains_that_exist(self, said: str) -> None:
        discovery.require_domain(said)

    @pytest.mark.parametrize('said', ['233', '-1', 'robot', '1.5'])
    def test_domains_that_do_not(self, said: str) -> None:
        with pytest.raises(InputError, match='ROS_DOMAIN_ID'):
            discovery.require_domain(said)


class TestNodes:
    def test_states(self) -> None:
        assert 'does not answer' in node_state.judge(robot({'state': ''})).findings[0].seen
        (finding,) = node_state.judge(robot({'state': 'inactive'})).findings
        assert '`ros2 lifecycle set /retrieval activate`' in finding.cure

    def test_twins_clocks_and_silence(self) -> None:
        assert '3 nodes' in node_state.judge(robot({'copies': 3})).findings[0].seen
        (finding,) = node_state.judge(robot({'skew': -2.0})).findings
        assert '2.0 s behind' in finding.seen and 'chrony' in finding.cure
        simulated = {'skew': -2.0, 'parameters': {'use_sim_time': True}}
        assert not node_state.judge(robot(simulated)).findings
        assert '/diagnostics' in node_state.judge(robot({'status': {}})).findings[0].seen


class TestPublishers:
    def test_a_sense_nobody_feeds_is_a_note_while_others_are(self) -> None:
        (finding,) = publishers.judge(robot(topics=[topic(WORDS, TEXT, [])])).findings
        assert finding.level == Level.NOTE and finding.subject == WORDS

    def test_nothing_at_all_is_a_warning(self) -> None:
        silent = [topic(WORDS, TEXT, []), topic(CAMERA, IMAGE, [])]
        node = {'status': {}}
        (finding,) = publishers.judge(robot(node, silent)).findings
        assert finding.level == Level.WARNING and 'only its services' in finding.cure
        assert '-r camera/image:=' in finding.cure

    def test_a_publisher_that_has_gone(self) -> None:
        (finding,) = publishers.judge(robot(topics=[topic(CAMERA, IMAGE, [])])).findings
        assert finding.level == Level.WARNING and '120 messages had come' in finding.seen

    def test_raw_or_compressed_is_enough(self) -> None:
        compressed = f'{CAMERA}/compressed'
        both = [topic(CAMERA, IMAGE, []), topic(compressed, 'sensor_msgs/msg/CompressedImage')]
        seen = robot({'hears': [CAMERA, compressed]}, both)
        assert publishers.judge(seen).well == '1 of 1 inputs published'
        assert not publishers.judge(seen).findings

    def test_the_same_type_elsewhere_is_named(self) -> None:
        told = {'/arm/camera/image': status(sense='image')}
        node = {'name': '/arm/retrieval', 'hears': ['/arm/camera/image'], 'status': told}
        silent = topic('/arm/camera/image', IMAGE, [], ['/arm/retrieval'])
        seen = robot(node, [silent], elsewhere={'/a': IMAGE, '/arm/raw': IMAGE, '/arm/x': TEXT})
        (finding,) = publishers.judge(seen).findings
        assert '/arm/raw, /a has this type' in finding.cure
        assert '`-r camera/image:=/arm/raw`' in finding.cure

    def test_another_type_and_another_version(self) -> None:
        words = topic(WORDS, TEXT)
        other = Endpoint('/talker', 'std_msgs/msg/String', RELIABLE)
        seen = robot(topics=[replace(words, publishers=[other])])
        assert publishers.judge(seen).findings[0].seen == '/talker publishes std_msgs/msg/String'
        old = Endpoint('/talker', TEXT, RELIABLE, 'another hash')
        (finding,) = publishers.judge(robot(topics=[replace(words, publishers=[old])])).findings
        assert 'another version' in finding.seen and finding.level == Level.ERROR

    def test_matching_needs_what_its_mapping_needs(self) -> None:
        info = '/visible/camera_info'
        silent = [topic(WORDS, TEXT), topic(CAMERA, IMAGE, []), topic(info, 'CameraInfo', [])]
        told = {CAMERA: status(sense='infrared'), info: status(sense='calibration')}
        node = {'kind': MATCHING, 'status': told, 'hears': [CAMERA, WORDS, info]}
        (finding,) = publishers.judge(robot(node, silent)).findings
        assert finding.level == Level.WARNING and finding.subject == CAMERA
        node['parameters'] = {'mapping': 'cameras'}
        found = publishers.judge(robot(node, silent)).findings
        assert [f.subject for f in found] == [CAMERA, info]


class TestQos:
    def test_every_combination_as_the_standard_says(self) -> None:
        """Table of DDS 1.4, 2.2.3: what is offered must be at least what is asked for."""
        kinds = ('best_effort', 'reliable'), ('volatile', 'transient_local')
        deadlines = (None, SECOND, 2 * SECOND)
        every = list(itertools.product(*kinds, ('automatic', 'manual_by_topic'), deadlines))
        for offered, asked in itertools.product(every, every):
            expected = set()
            for policy, have, want in zip(
                ('reliability', 'durability', 'liveliness'), offered, asked, strict=False
            ):
                if (have, want) in (
                    ('best_effort', 'reliable'),
                    ('volatile', 'transient_local'),
                    ('automatic', 'manual_by_topic'),
                ):
                    expected.add(policy)
            if (offered[3] or 10**20) > (asked[3] or 10**20):
                expected.add('deadline')
            assert set(qos.mismatches(Qos(*offered), Qos(*asked))) == expected

    def test_the_override_of_a_subscription(self) -> None:
        seen = robot(topics=[topic(WORDS, TEXT, offers=Qos())])
        (finding,) = qos.judge(seen).findings
        name = 'qos_overrides./text.subscription.reliability'
        assert finding.settings == {name: 'best_effort'} and finding.node == '/retrieval'
        assert finding.level == Level.ERROR and f'-p {name}:=best_effort' in finding.cure

    def test_the_override_of_a_publisher(self) -> None:
        asks = Qos('reliable', 'transient_local')
        wanted = topic(ANSWERS, 'M', ['/retrieval'], ['/listener'], asks=asks)
        (finding,) = qos.judge(robot(topics=[wanted])).findings
        name = 'qos_overrides./matches.publisher.durability'
        assert finding.settings == {name: 'transient_local'}

    def test_what_cannot_be_overridden(self) -> None:
        asks = Qos('reliable', deadline_ns=SECOND)
        wanted = topic(ANSWERS, 'M', ['/retrieval'], ['/listener'], asks=asks)
        (finding,) = qos.judge(robot(topics=[wanted])).findings
        assert not finding.settings and 'change the other end' in finding.cure


class TestSimTime:
    def test_a_clock_that_is_not_there(self) -> None:
        (finding,) = sim_time.judge(robot({'parameters': {'use_sim_time': True}})).findings
        assert finding.level == Level.ERROR and 'nobody publishes /clock' in finding.seen

    def test_a_clock_that_stands_still_or_is_not_used_or_is_there_twice(self) -> None:
        simulated = {'parameters': {'use_sim_time': True}}
        (finding,) = sim_time.judge(robot(simulated, clock=SimClock(['/bag'], 0))).findings
        assert 'stands still' in finding.seen
        (finding,) = sim_time.judge(robot(clock=SimClock(['/bag'], 100))).findings
        assert finding.settings == {'use_sim_time': 'true'}
        twice = sim_time.judge(robot(simulated, clock=SimClock(['/bag', '/sim'], 100)))
        assert 'jumps' in twice.findings[0].cure
        well = sim_time.judge(robot(simulated, clock=SimClock(['/bag'], 100)))
        assert not well.findings and well.well
