# SPDX-License-Identifier: Apache-2.0
"""Sketches over DDS: asked, remembered, refused; and several bundles in one node."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from sensor_msgs.msg import CompressedImage, Image
from xsense_ros.msg import MatchArray, Sample
from xsense_ros.srv import Enroll, ListItems, Query

from tests.ros.harness import Operator, Robot, image_message, received, remembering, values
from tests.toy import SKETCH_SPACE, WORDS, toy_sketch
from tests.waiting import eventually
from xsense_ros.cli import main
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.rebuild import rebuild_gallery

pytestmark = pytest.mark.ros


@pytest.fixture
def robot(bundle: Path, sketch_bundle: Path) -> Iterator[Robot]:
    """An active node with both toy bundles, that remembers pictures of red, green and blue."""
    with remembering(bundle, sketch_bundle) as robot:
        yield robot


def png(sheet: Any, operator: Operator) -> CompressedImage:
    data = array.array('B', cv2.imencode('.png', sheet)[1].tobytes())
    return CompressedImage(header=operator.header('tablet'), format='png', data=data)


def chalk(word: str, operator: Operator) -> Image:
    """Light lines on a dark board, one byte a pixel."""
    grey = 40 + (255 - toy_sketch(word, 5)[..., 0]) // 2
    message = Image(header=operator.header('tablet'), height=96, width=128, encoding='mono8')
    message.step, message.data = 128, array.array('B', np.ascontiguousarray(grey).tobytes())
    return message


def transparent(word: str) -> Any:
    """Black ink on nothing, as drawing programs save it: BGRA."""
    sheet = np.zeros((96, 128, 4), np.uint8)
    sheet[..., 3] = 255 - toy_sketch(word, 6)[..., 0]
    return sheet


def test_sketch_finds_the_picture(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    for word in ('blue', 'green'):
        message = robot.operator.sketch(word, seed=3)
        robot.operator.publish('sketch', message)
        answer = matches.wait()
        assert answer.header == message.header
        assert (answer.query_modality, answer.query_text) == ('sketch', '')
        assert answer.target_modalities == ['image']
        best = answer.matches[0]
        assert (best.label, best.space, best.modality) == (word, SKETCH_SPACE, 'image')
        assert answer.accepted
        assert answer.bundle == 'toy 1.0.0, toy-sketch 1.0.0'
        assert answer.preprocess_ms > 0


def test_board_and_transparent_sheet(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    robot.operator.publish('sketch', chalk('green', robot.operator))
    assert matches.wait().matches[0].label == 'green'
    robot.operator.publish('sketch/compressed', png(transparent('red'), robot.operator))
    assert matches.wait().matches[0].label == 'red'
    raw = image_message(toy_sketch('blue'), robot.operator.header())
    raw.encoding, raw.step = 'rgba8', 128 * 4
    rgba = np.ascontiguousarray(cv2.cvtColor(transparent('blue'), cv2.COLOR_BGRA2RGBA))
    raw.data = array.array('B', rgba.tobytes())
    robot.operator.publish('sketch', raw)
    assert matches.wait().matches[0].label == 'blue'


def test_sketches_are_not_dropped_for_newer_ones(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    asked = [robot.operator.sketch(word) for word in WORDS]
    for message in asked:
        robot.operator.publish('sketch', message)
    answers = [matches.wait() for _ in asked]
    assert [answer.matches[0].label for answer in answers] == list(WORDS)


def test_pictures_go_through_all_spaces(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    robot.operator.publish('camera/image', robot.operator.image('red', 4))
    answer = matches.wait()
    assert answer.matches[0].label == 'red'
    assert len({match.item_id for match in answer.matches}) == len(answer.matches) == 3
    assert len(robot.node.session.encoder.describe()) == 6, 'the shared trunk is loaded once'


def test_sketch_by_service_and_live(robot: Robot) -> None:
    call = robot.operator.call
    sample = Sample(modality=Sample.SKETCH, image=robot.operator.sketch('green', 9))
    answer = call(Query, 'retrieval/query', Query.Request(sample=sample))
    assert answer.success, answer.message
    assert answer.answer.matches[0].label == 'green'
    refused = call(Query, 'retrieval/query',
                   Query.Request(sample=sample, target_modalities=['sound']))  # fmt: skip
    assert not refused.success and 'sound' in refused.message
    robot.operator.publish('sketch', robot.operator.sketch('red', 2))
    eventually(lambda: received(robot, 'sketch'))
    request = Enroll.Request(label='box', item_id='box', live_modalities=['sketch'])
    stored = call(Enroll, 'retrieval/enroll', request)
    assert stored.success, stored.message
    assert stored.item.modalities == ['sketch'] and stored.item.thumbnail.data
    request = Query.Request(sample=sample, target_modalities=['sketch'])
    assert call(Query, 'retrieval/query', request).answer.matches[0].item_id == 'box'


def test_sketch_from_the_command_line(robot: Robot, tmp_path: Path) -> None:
    def run(*arguments: object) -> str:
        node = ['--node', f'{robot.namespace}/retrieval', '--timeout', '20']
        done = CliRunner().invoke(main, [*map(str, arguments), *node])
        assert done.exit_code == 0, done.output
        return done.output

    file = tmp_path / 'drawn.png'
    cv2.imwrite(str(file), transparent('green'))
    assert 'green' in run('query', '--sketch', file).splitlines()[0]
    assert run('enroll', 'tall box', '--sketch', file, '--id', 'box') == 'box: tall box, 1 view\n'
    assert 'tall box' in run('query', '--sketch', file, '--target', 'sketch').splitlines()[0]


def sheet(rgb: Any, **fields: Any) -> Callable[[Operator], Image]:
    def make(operator: Operator) -> Image:
        message = image_message(np.ascontiguousarray(rgb), operator.header('tablet'))
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    return make


def not_a_number(operator: Operator) -> Image:
    message = Image(header=operator.header(), height=16, width=16, encoding='32FC1', step=64)
    message.data = array.array('B', np.full((16, 16), np.nan, '<f4').tobytes())
    return message


def cut_off(operator: Operator) -> CompressedImage:
    message = png(toy_sketch('red'), operator)
    message.data = message.data[: len(message.data) // 2]
    return message


BAD = {
    'empty page': ('sketch', sheet(np.full((64, 64, 3), 255, np.uint8)), 'empty page'),
    'black page': ('sketch', sheet(np.zeros((64, 64, 3), np.uint8)), 'empty page'),
    'too small': ('sketch', sheet(np.zeros((4, 4, 3), np.uint8)), 'at least 8 pixels'),
    'short data': ('sketch', sheet(toy_sketch('red'), height=480), 'expected'),
    'short data with alpha': ('sketch', sheet(toy_sketch('red'), encoding='bgra8'), 'expected'),
    'not a number': ('sketch', not_a_number, 'valid'),
    'cut off': ('sketch/compressed', cut_off, 'complete'),
}


@pytest.mark.parametrize('case', BAD)
def test_bad_sketches_are_named_and_the_next_is_answered(robot: Robot, case: str) -> None:
    topic, make, said = BAD[case]
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    robot.operator.publish(topic, make(robot.operator))
    status = robot.status(f'/{topic}', lambda status: int(values(status)['refused']) > 0)
    assert said in status.message and 'Cure:' in status.message
    robot.operator.publish('sketch', robot.operator.sketch('blue'))
    assert matches.wait().matches[0].label == 'blue'


def test_bundle_that_is_added_to_an_old_gallery(
    bundle: Path, sketch_bundle: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / 'old.db', tmp_path / 'old-new.db'
    with Robot(bundle, gallery=str(old)) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll(*WORDS)
    both = [str(bundle), str(sketch_bundle)]
    with Robot(bundle, gallery=str(old), bundles=both) as robot:
        robot.lifecycle.bring_up()
        status = robot.status('gallery', lambda status: status.level != b'\0')
        assert f'3 views in {SKETCH_SPACE}' in status.message
        command = f'xsense gallery rebuild {old} {new} --bundle {bundle} --bundle {sketch_bundle}'
        assert command in status.message
        text = Sample(modality='text', text=robot.operator.text('green'))
        answer = robot.operator.call(Query, 'retrieval/query', Query.Request(sample=text)).answer
        assert answer.matches[0].label == 'green', 'what was remembered is still found'
        sketch = Sample(modality='sketch', image=robot.operator.sketch('green'))
        answer = robot.operator.call(Query, 'retrieval/query', Query.Request(sample=sketch))
        assert answer.success and not answer.answer.matches
    encoder = Encoder([Bundle.open(name) for name in both])
    with Gallery.open(old) as source, Gallery.open(new, encoder.fingerprints) as target:
        assert rebuild_gallery(source, target, encoder) == (3, 0)
    with Robot(bundle, gallery=str(new), bundles=both) as robot:
        robot.lifecycle.bring_up()
        listed = robot.operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
        assert listed.total == 3
        sketch = Sample(modality='sketch', image=robot.operator.sketch('green'))
        answer = robot.operator.call(Query, 'retrieval/query', Query.Request(sample=sketch))
        assert answer.answer.matches[0].label == 'green'
        assert robot.status('gallery').level == b'\0'
