# SPDX-License-Identifier: Apache-2.0
"""Rules about when messages come, how large they are, and what their stamps say."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.unit.doctor.seen import BASE, CAMERA, IMAGE, RELIABLE, heard, robot, status, topic
from xsense_ros.doctor import rates, shared_memory, stamps
from xsense_ros.doctor.cadence import lost_share, rate
from xsense_ros.doctor.finding import Level
from xsense_ros.doctor.machine import Machine, Process
from xsense_ros.doctor.observation import Endpoint, Heard, Observation, Qos
from xsense_ros.units import NS


def camera(messages: list[Heard], **more: object) -> Observation:
    """A robot whose camera sends these."""
    return robot(topics=[topic(CAMERA, IMAGE, messages=messages, asks=Qos())], **more)


class TestCadence:
    def test_rate(self) -> None:
        assert rate(heard(31, 30.0)) == pytest.approx(30.0)
        assert rate([]) == rate(heard(1)) == 0.0

    @pytest.mark.parametrize('kept', [1.0, 0.8, 0.5, 0.3])
    def test_lost_share_of_a_jittery_camera(self, kept: float) -> None:
        """Counted: frames are sent every 33 ms, give or take a tenth, and some arrive."""
        dice = random.Random(3)
        sent = [BASE + round((n + dice.uniform(-0.1, 0.1)) * NS / 30) for n in range(300)]
        come = [one for one in sent if dice.random() < kept]
        messages = [Heard(at, 0, at, 1) for at in come]
        assert lost_share(messages) == pytest.approx(1 - len(come) / len(sent), abs=0.12)

    def test_too_few_and_unstamped(self) -> None:
        assert lost_share(heard(5, every=3)) == 0.0
        assert lost_share(heard(50, stamp=0)) == lost_share(heard(50, stamp=None)) == 0.0


class TestRates:
    def test_lost_on_the_way(self) -> None:
        dice = random.Random(1)
        messages = [one for one in heard(120) if dice.random() < 0.5]
        half = status(sense='image', received=60, before={'received': '0'})
        nodes = [replace(robot().nodes[0], status={CAMERA: half})]
        (finding,) = rates.judge(camera(messages, nodes=nodes)).findings
        assert 'are lost on the way' in finding.seen and finding.expected == 'nothing lost'
        # The node has taken all of them: what was lost was lost to the doctor.
        assert not rates.judge(camera(messages)).findings

    def test_below_what_is_expected(self) -> None:
        (finding,) = rates.judge(camera(heard(60, 15.0), rates={CAMERA: 30.0})).findings
        assert finding.seen == '15.0 Hz' and '30 Hz (--rate)' in finding.expected
        assert not rates.judge(camera(heard(), rates={CAMERA: 30.0})).findings
        (finding,) = rates.judge(robot(rates={'/elsewhere': 1.0})).findings
        assert finding.subject == '/elsewhere' and CAMERA in finding.cure

    def test_silent_driver(self) -> None:
        (finding,) = rates.judge(camera([])).findings
        assert 'nothing in 4 s from /driver' in finding.seen

    def test_slow_is_a_note(self) -> None:
        (finding,) = rates.judge(camera(heard(3, 0.5))).findings
        assert finding.level == Level.NOTE

    def test_sound_with_holes(self) -> None:
        sound = {'sense': 'sound', 'received': 80}
        node = {'status': {CAMERA: status(before={'received': '0'}, **sound)}}
        whole = camera(heard(80, 20.0, sound=0.05), nodes=[replace(robot().nodes[0], **node)])
        assert not rates.judge(whole).findings
        holes = camera(heard(80, 20.0, sound=0.04), nodes=whole.nodes)
        (finding,) = rates.judge(holes).findings
        assert finding.seen == '0.80 s of sound a second'

    def test_a_node_that_takes_less_than_comes(self) -> None:
        figures = status(sense='image', received=40, before={'received': '0'})
        seen = camera(heard(120), nodes=[replace(robot().nodes[0], status={CAMERA: figures})])
        (finding,) = rates.judge(seen).findings
        assert finding.seen == '30.0 Hz come here, /retrieval takes 10.0 Hz'


class TestStamps:
    @pytest.mark.parametrize(
        ('messages', 'words'),
        [
            (heard(stamp=0), '60 of 60 stamps are 0'),
            (heard(delay=-0.5), '60 of 60 stamps lie ahead of the clock, by up to 0.50 s'),
            (heard(delay=3.0), '60 of 60 messages are old: up to 3.00 s'),
            (heard(delay=10 * 86400), '60 of 60 messages are old: 10.0 days'),
        ],
    )
    def test_kinds(self, messages: list[Heard], words: str) -> None:
        (finding,) = stamps.judge(camera(messages)).findings
        assert finding.seen == words and finding.level == Level.WARNING

    def test_backward(self) -> None:
        messages = heard(20)
        messages[7] = replace(messages[7], stamp=messages[7].stamp - NS)
        messages[8] = replace(messages[8], stamp=messages[8].stamp - NS)
        (finding,) = [f for f in stamps.judge(camera(messages)).findings if 'before' in f.seen]
        expected = (messages[6].stamp - messages[7].stamp) / NS
        assert f'1 of 20 stamps lie before the one before them, by up to {expected:.3f} s' in (
            finding.seen
        )

    def test_two_publishers_are_the_cause(self) -> None:
        messages = heard(20, stamp=BASE) + heard(20, stamp=BASE - 1)
        two = topic(CAMERA, IMAGE, ['/a', '/b'], messages=messages, asks=Qos())
        found = stamps.judge(robot(topics=[two])).findings
        assert 'end all publishers of this topic but one' in found[0].cure

    def test_simulated_time_is_that_of_the_clock(self) -> None:
        simulated = replace(robot().nodes[0], parameters={'use_sim_time': True})
        stamp = 100 * NS
        well = camera(heard(stamp=stamp, clock=stamp + NS // 10), nodes=[simulated])
        assert not stamps.judge(well).findings
        late = camera(heard(stamp=stamp, clock=stamp + 3 * NS), nodes=[simulated])
        assert 'up to 3.00 s' in stamps.judge(late).findings[0].seen
        assert not stamps.judge(camera(heard(stamp=stamp), nodes=[simulated])).findings

    def test_the_limits_of_the_node_count(self) -> None:
        loose = {'parameters': {'stamp_tolerance_seconds': 1.0, 'stale_after': 5.0}}
        node = [replace(robot().nodes[0], **loose)]
        assert not stamps.judge(camera(heard(delay=-0.5), nodes=node)).findings
        assert not stamps.judge(camera(heard(delay=3.0), nodes=node)).findings

    def test_messages_without_a_header(self) -> None:
        assert not stamps.judge(camera(heard(stamp=None))).findings

    def test_a_long_chunk_of_sound_is_not_stale(self) -> None:
        assert not stamps.judge(camera(heard(delay=1.9, sound=1.0))).findings


class TestSharedMemory:
    SMALL = Process(11, 'driver', 0, frozenset(), (512 * 1024,))

    def test_a_message_larger_than_the_segment(self) -> None:
        seen = camera(heard(), machine=Machine(processes={11: self.SMALL}))
        (finding,) = shared_memory.judge(seen).findings
        assert 'messages of 900 KiB' in finding.seen and 'segment of 512 KiB' in finding.seen
        assert 'process 11' in finding.seen and finding.level == Level.WARNING
        assert 'fastdds_shm.xml before /driver is started' in finding.cure

    def test_smaller_ones_and_larger_segments_fit(self) -> None:
        assert not shared_memory.judge(camera(heard())).findings
        small = camera(heard(size=500_000), machine=Machine(processes={11: self.SMALL}))
        assert not shared_memory.judge(small).findings
        beside = replace(self.SMALL, segments=(512 * 1024, 64 << 20))
        seen = camera(heard(), machine=Machine(processes={11: beside}))
        assert not shared_memory.judge(seen).findings

    def test_reliable_at_both_ends_is_only_slow(self) -> None:
        both = topic(CAMERA, IMAGE, messages=heard(), asks=RELIABLE)
        seen = robot(topics=[both], machine=Machine(processes={11: self.SMALL}))
        (finding,) = shared_memory.judge(seen).findings
        assert finding.level == Level.NOTE and 'fragments' in finding.seen

    def test_loss_is_told_once(self) -> None:
        dice = random.Random(1)
        messages = [one for one in heard(120) if dice.random() < 0.5]
        seen = camera(messages, machine=Machine(processes={11: self.SMALL}))
        assert not rates.judge(seen).findings
        assert 'are lost now' in shared_memory.judge(seen).findings[0].seen

    def test_a_publisher_elsewhere_is_not_judged(self) -> None:
        far = Endpoint('/driver', IMAGE, RELIABLE, process=11, local=False)
        one = replace(topic(CAMERA, IMAGE, messages=heard()), publishers=[far])
        seen = robot(topics=[one], machine=Machine(processes={11: self.SMALL}))
        assert not shared_memory.judge(seen).findings

    def test_two_users(self) -> None:
        users = {11: replace(self.SMALL, segments=(64 << 20,)), 22: Process(22, 'node', 1000)}
        found = shared_memory.judge(camera(heard(), machine=Machine(processes=users))).findings
        assert any('runs as user 0, node as user 1000' in f.seen for f in found)

    def test_the_memory_itself(self) -> None:
        full = Machine(shm_free=64 << 20, leftover=2 << 30)
        found = shared_memory.judge(camera(heard(), machine=full)).findings
        assert [f.level for f in found] == [Level.WARNING, Level.NOTE]
        assert '--ipc=host' in found[0].cure and 'rm -f /dev/shm/fastrtps_*' in found[1].cure
