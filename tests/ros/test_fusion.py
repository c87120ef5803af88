# SPDX-License-Identifier: Apache-2.0
"""Several senses answered once, over DDS: partners in a window, lone samples, bad groups."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from xsense_ros.msg import AudioChunk, MatchArray, Sample
from xsense_ros.srv import Query

from tests.ros.harness import Recorder, Robot, chunks, image_message, received, remembering, shows
from tests.ros.touching import Finger
from tests.toy import toy_sketch
from tests.toy_touch import toy_gel, toy_knock
from tests.waiting import SECONDS, eventually
from xsense_ros.encoder import Encoding
from xsense_ros.errors import GalleryError, InputError
from xsense_ros.nodes.client import RetrievalClient, text_sample
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.joiner import FUSION, Joiner
from xsense_ros.nodes.question import Encoded, Question

pytestmark = pytest.mark.ros
SECOND = 1_000_000_000
WINDOW = 60.0  # longer than any wait here: no partner comes too late


@pytest.fixture
def robot(bundle: Path, sketch_bundle: Path, touch_bundle: Path) -> Iterator[Robot]:
    """An active node that answers sketch and text of one event as one."""
    groups = {'fusion__senses': ['text+sketch', 'impact+touch'], 'fusion__window_seconds': WINDOW}
    with remembering(bundle, sketch_bundle, touch_bundle, **groups) as robot:
        yield robot


def draw(robot: Robot, word: str, stamp_ns: int) -> Image:
    message = image_message(toy_sketch(word, 3), robot.operator.header('tablet'))
    stamp(message, stamp_ns)
    return message


def stamp(message: Any, stamp_ns: int) -> None:
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, SECOND)


def stamp_ns_of(answer: MatchArray) -> int:
    return int(answer.header.stamp.sec * SECOND + answer.header.stamp.nanosec)


def test_two_senses_of_one_event_give_one_answer(robot: Robot, matches: Recorder) -> None:
    start = time.time_ns() - 60 * SECOND
    text = robot.operator.text('green')
    stamp(text, start + SECOND)
    robot.operator.publish('sketch', draw(robot, 'green', start))
    robot.operator.publish('text', text)
    answer = matches.wait()
    assert answer.query_modality == 'sketch+text'
    assert (answer.query_text, answer.matches[0].label) == ('green', 'green')
    assert stamp_ns_of(answer) == start + SECOND  # the newest, whichever came last
    assert answer.header.frame_id == 'person'
    assert list(answer.target_modalities) == ['image']
    # Toy senses were never measured together: ranked, never accepted by themselves.
    assert not answer.accepted and answer.matches[0].probability > 0.9
    robot.status('fusion', shows({'together': '1', 'alone': '0'}))
    assert not matches.messages


def test_a_touch_and_its_knock_are_one_event(robot: Robot, matches: Recorder) -> None:
    finger = Finger(robot)
    finger.rest()
    pressed = finger.press('blue')
    finger.lift()
    first = pressed[0].stamp.sec * SECOND + pressed[0].stamp.nanosec
    for message in chunks(toy_knock('blue'), first):
        robot.operator.publish('impact', message)
    answer = matches.wait()
    assert (answer.query_modality, answer.matches[0].label) == ('impact+touch', 'blue')
    assert answer.encode_ms > 0 and answer.preprocess_ms > 0
    robot.status('fusion', shows({'together': '1', 'alone': '0'}))


def test_a_lone_sense_is_answered_when_the_window_closes(
    bundle: Path, sketch_bundle: Path
) -> None:
    groups = {'fusion__senses': ['sketch+text'], 'fusion__window_seconds': 0.3}
    with remembering(bundle, sketch_bundle, **groups) as robot:
        matches = robot.operator.listen(MatchArray, 'matches')
        eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
        start = time.time_ns() - 60 * SECOND
        robot.operator.publish('sketch', draw(robot, 'red', start))
        alone = matches.wait()
        assert (alone.query_modality, alone.matches[0].label) == ('sketch', 'red')
        assert alone.total_ms >= 300.0 and alone.total_ms > alone.wait_ms > 0
        # Stamps that lie further apart than the window are two events, whenever they arrive.
        text = robot.operator.text('red')
        stamp(text, start + 2 * SECOND)
        robot.operator.publish('sketch', draw(robot, 'red', start + SECOND))
        robot.operator.publish('text', text)
        assert {matches.wait().query_modality, matches.wait().query_modality} == {
            'sketch',
            'text',
        }
        robot.status('fusion', shows({'together': '0', 'alone': '3'}))


def test_senses_of_no_group_are_answered_at_once(robot: Robot, matches: Recorder) -> None:
    robot.operator.publish('camera/image', robot.operator.image('red', 5))
    answer = matches.wait()
    assert answer.query_modality == 'image'
    robot.status('fusion', shows({'together': '0', 'alone': '0'}))


def test_query_with_several_samples(robot: Robot) -> None:
    def ask(*samples: Sample, **more: Any) -> Any:
        request = Query.Request(sample=samples[0], also=list(samples[1:]), **more)
        return robot.operator.call(Query, 'retrieval/query', request)

    start = time.time_ns() - 60 * SECOND
    sketch = Sample(modality='sketch', image=draw(robot, 'red', start + SECOND))
    text = Sample(modality='text', text=robot.operator.text('red'))
    stamp(text.text, start)
    (knock,) = chunks(toy_knock('red'), SECOND, 2.0)
    impact = Sample(modality='impact', sound=knock)
    touch = Sample(modality='touch', image=image_message(toy_gel('red')), profile='gelsight')
    touch.background = image_message(toy_gel(None, seed=1))

    answer = ask(sketch, text, impact, touch)
    assert answer.success, answer.message
    assert answer.answer.query_modality == 'impact+sketch+text+touch'
    assert answer.answer.matches[0].label == 'red'
    assert answer.answer.header.frame_id == 'tablet' and answer.answer.query_text == 'red'
    alone = ask(text).answer.matches[0]
    both = ask(text, sketch).answer.matches[0]
    assert both.probability > alone.probability

    with RetrievalClient(f'{robot.namespace}/retrieval', SECONDS) as client:
        asked = client.query(text_sample('blue'), also=[sketch])
    assert asked.query_modality == 'sketch+text'

    twice = ask(text, text)
    assert not twice.success and 'each of another sense' in twice.message
    unknown = ask(text, Sample(modality='smell'))
    assert not unknown.success and 'smell' in unknown.message
    nothing = ask(text, touch, target_modalities=['sound'])
    assert not nothing.success and 'touch has in common' in nothing.message
    nobody = ask(sketch, touch, target_modalities=['sound'])
    assert not nobody.success and "got 'sound'" in nobody.message
    broken = ask(text, Sample(modality='impact', sound=AudioChunk(encoding='MP3')))
    assert not broken.success and 'Cure' in broken.message


def test_query_with_what_was_heard_last(robot: Robot) -> None:
    def ask(*samples: Sample) -> Any:
        request = Query.Request(sample=samples[0], also=list(samples[1:]))
        return robot.operator.call(Query, 'retrieval/query', request)

    text = Sample(modality='text', text=robot.operator.text('red'))
    for modality in ('image', 'sketch', 'sound', 'touch', 'impact'):
        early = ask(text, Sample(modality=modality))
        assert not early.success and modality in early.message and 'Cure' in early.message
    # What was said is asked as a text: an empty one is not taken for the last that was heard.
    assert not ask(Sample(modality='text')).success
    robot.operator.publish('sketch', robot.operator.sketch('red', 3))
    eventually(lambda: received(robot, 'sketch') == 1)
    alone = ask(Sample(modality='sketch'))
    assert alone.success and alone.answer.query_modality == 'sketch', alone.message
    assert stamp_ns_of(alone.answer) == 0  # when it was drawn is not told
    both = ask(text, Sample(modality='sketch'))
    assert both.success and both.answer.query_modality == 'sketch+text', both.message
    assert both.answer.matches[0].label == 'red' and stamp_ns_of(both.answer) > 0
    # Half of a sample is a broken one.
    broken = ask(Sample(modality='sketch', image=Image(height=4)))
    assert not broken.success and 'Cure' in broken.message


def test_an_answer_that_fails_when_the_window_closes_is_reported() -> None:
    log: list[str] = []
    faults = FaultRegistry(lambda level, line: log.append(line))
    joiner = Joiner(['sketch+text'], 0.05, faults)

    def answer(parts: Sequence[Encoded]) -> None:
        raise GalleryError('gallery', parts[0].question.text, 'a whole file', 'restore it')

    joiner.start(answer)
    now = time.perf_counter()
    question = Question('text', Header(), ('red',), 'red', now, now, now)
    joiner.offer(Encoded(question, Encoding('text', {}, 0.0, 0.0), now))
    eventually(lambda: faults.present(FUSION))
    assert "fusion: gallery: got 'red'" in log[0]
    assert 'restore it' in joiner.describe()[0] and joiner.describe()[1]['alone'] == 0
    # What still waits at the end is not answered.
    joiner.offer(Encoded(question, Encoding('text', {}, 0.0, 0.0), time.perf_counter()))
    joiner.close()
    assert len(faults.history(FUSION)) == 1


@pytest.mark.parametrize(
    'group', ['touch', 'touch+touch', 'touch+smell', 'image+text,text+sketch']
)
def test_bad_groups_are_refused_at_start(bundle: Path, group: str) -> None:
    with pytest.raises(InputError, match=r'fusion\.senses'):
        Robot(bundle, fusion__senses=group.split(','))


def test_senses_that_are_not_heard_cannot_be_joined(bundle: Path) -> None:
    with Robot(bundle, fusion__senses=['impact+text']) as robot:
        robot.lifecycle.change('configure')
        with pytest.raises(InputError, match='activate'):
            robot.lifecycle.change('activate')
        robot.status('lifecycle', lambda status: 'fusion.senses' in status.message)
