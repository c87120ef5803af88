# SPDX-License-Identifier: Apache-2.0
"""What is asked of a recording: the sample's senses, and messages without a stamp."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.toy import toy_sound
from tests.unit.adapters.audio_common import ROS_DRIVERS
from tests.unit.evaluation.bags import START_NS, Bag, robot_bag
from xsense_ros.errors import InputError
from xsense_ros.evaluation.events import NOTHING
from xsense_ros.evaluation.labelled import Labelled
from xsense_ros.evaluation.questions import Question, Senses
from xsense_ros.evaluation.settings import SenseSettings
from xsense_ros.evaluation.truth import modalities
from xsense_ros.recording import Recording
from xsense_ros.resources import find_resource


@pytest.fixture(scope='module')
def sample() -> tuple[Senses, list[Question]]:
    recording = Recording.open(find_resource('samples/robot_home/bag'))
    senses = Senses(recording, SenseSettings.read())
    return senses, list(senses.questions())


class TestSample:
    def test_everything_is_asked_once(self, sample: tuple[Senses, list[Question]]) -> None:
        senses, questions = sample
        counts = Counter(question.modality for question in questions)
        sent = Counter[str]()
        for topic, sense in senses.heard.items():
            sent[sense] += senses.recording.counts[topic]
        for sense in ('image', 'sketch', 'text'):
            assert counts[sense] == sent[sense]
        assert counts['touch'] == counts['impact'] == 15, 'fifteen things are touched'
        assert not senses.refused

    def test_touches_and_knocks_are_where_the_truth_has_them(
        self, sample: tuple[Senses, list[Question]]
    ) -> None:
        senses, questions = sample
        labelled = Labelled.read(None, senses.recording, 2 * 10**9)
        for sense in ('touch', 'impact'):
            felt = [
                event.truth
                for question in questions
                if question.modality == sense
                for event in labelled.about(question)
            ]
            assert len(felt) == 15 and NOTHING not in felt

    def test_windows_of_sound_lie_on_the_grid(self, sample: tuple[Senses, list[Question]]) -> None:
        stamps = [q.stamp_ns for q in sample[1] if q.modality == 'sound']
        hops = np.diff(stamps) / 0.5e9
        np.testing.assert_allclose(hops, np.round(hops), atol=1e-6)
        assert hops.min() >= 1


def test_again_from_the_beginning(tmp_path: Path) -> None:
    senses = Senses(Recording.open(robot_bag(tmp_path / 'bag')), SenseSettings.read())
    first, again = (
        [(question.modality, question.stamp_ns) for question in senses.questions()]
        for _ in range(2)
    )
    assert first == again and {sense for sense, _ in first} == {'image', 'text', 'sound'}


def test_sound_without_stamps_is_taken_as_unbroken_from_its_first_chunk(tmp_path: Path) -> None:
    kinds = {f'audio_common_msgs/msg/{name}': text for name, text in ROS_DRIVERS.items()}
    samples = (toy_sound('red').samples[:1600] * 32767).astype('<i2')
    with Bag(tmp_path / 'bag', more=kinds) as bag:
        for number in range(30):
            bag.add(
                '/microphone/audio', 'audio_common_msgs/msg/AudioData', 3 + number / 10,
                data=samples.view(np.uint8),
            )  # fmt: skip
    senses = Senses(Recording.open(tmp_path / 'bag'), SenseSettings.read())
    questions = list(senses.questions())
    assert [(q.stamp_ns - START_NS) / 1e9 for q in questions] == pytest.approx([3.0, 3.5, 4.0])
    assert all(q.window_ns == 2 * 10**9 for q in questions)


def test_picture_without_a_stamp_is_of_when_it_was_recorded(tmp_path: Path) -> None:
    with Bag(tmp_path / 'bag') as bag:
        bag.add('/text', 'std_msgs/msg/String', 1.5, data='red')
    senses = Senses(Recording.open(tmp_path / 'bag'), SenseSettings.read())
    (question,) = senses.questions()
    assert question.stamp_ns == START_NS + 1_500_000_000 and question.text == 'red'


@pytest.mark.parametrize('kind', ['', 'picture', 'picture -> smell', 'smell -> picture'])
def test_kind_that_means_no_modality(kind: str) -> None:
    with pytest.raises(InputError, match='kind of question'):
        modalities(kind)
