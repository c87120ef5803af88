# SPDX-License-Identifier: Apache-2.0
"""Templates go in, boxes come out, over real DDS."""

from __future__ import annotations

import array
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header
from xsense_ros.msg import HeterologousMatch

from tests.ros.harness import Recorder, image_message, shows, values
from tests.ros.matching import (
    BOX,
    COLUMNS,
    ROWS,
    MatchingRobot,
    Scene,
    corners,
    counts_message,
)
from tests.waiting import eventually

pytestmark = pytest.mark.ros
OTHER_BOX = (180.0, 120.0, 64.0, 64.0)
FAR = (COLUMNS, ROWS)  # where nothing of the first frame is in view


@pytest.fixture(scope='module')
def active(matcher_bundle: Path) -> Iterator[MatchingRobot]:
    with MatchingRobot(matcher_bundle) as robot:
        robot.lifecycle.bring_up()
        yield robot


@pytest.fixture
def robot(active: MatchingRobot) -> MatchingRobot:
    """The same node for all, without templates and with its first parameters."""
    active.clear_template()
    active.set(mapping='same', search__min_probability=-1.0, infrared__palette='')
    active.see()
    return active


@pytest.fixture
def answers(robot: MatchingRobot) -> Iterator[Recorder]:
    recorder = robot.listen()
    yield recorder
    robot.operator.ignore(recorder)


def moved(box: tuple[float, ...], x: float, y: float) -> Any:
    """Where a box is found when the cameras have looked aside by x, y."""
    return pytest.approx((box[0] - x, box[1] - y, box[2], box[3]), abs=1.0)


def test_a_box_of_the_visible_frame_is_found_in_the_infrared_one(
    robot: MatchingRobot, answers: Recorder
) -> None:
    cut_from = robot.see()
    answered = robot.set_template()
    assert answered.success, answered.message
    assert answered.template_id == 'template_1'
    visible, infrared = robot.see(8, 4), robot.feel(8, 4)
    answer = answers.wait()
    assert (answer.header, answer.template_header, answer.visible_header) == (
        infrared,
        cut_from,
        visible,
    )
    assert answer.found and answer.mode == HeterologousMatch.WINDOW and not answer.reason
    assert answer.score > 0.9 and answer.bundle == 'toy-matcher 0.0.1'
    assert corners(answer.box_infrared) == moved(BOX, 8, 4)
    assert corners(answer.box_visible) == pytest.approx(corners(answer.box_infrared))
    assert math.isnan(answer.temperature)
    assert answer.encode_ms > 0 and answer.total_ms > answer.search_ms > 0 and answer.cut_ms > 0
    robot.feel(8, 4)
    assert answers.wait().encode_ms == 0  # it was kept


def test_a_long_box_keeps_its_shape(robot: MatchingRobot, answers: Recorder) -> None:
    box = (100.0, 90.0, 64.0, 24.0)
    assert robot.set_template(box).success
    robot.feel(4, 8)
    assert corners(answers.wait().box_infrared) == moved(box, 4, 8)


def test_several_templates_at_once(robot: MatchingRobot, answers: Recorder) -> None:
    boxes = {'mug': BOX, 'kettle': OTHER_BOX, 'template_1': (40.0, 40.0, 64.0, 64.0)}
    for name, box in boxes.items():
        assert robot.set_template(box, name).template_id == name
    assert robot.set_template(boxes['mug']).template_id == 'template_2'
    robot.feel(4, 0)
    for name, box in (boxes | {'template_2': BOX}).items():
        answer = answers.wait(lambda message, name=name: message.template_id == name)
        assert answer.found and corners(answer.box_infrared) == moved(box, 4, 0)
    assert robot.set_template(OTHER_BOX, 'mug').success  # in the place of the one of that name
    assert robot.clear_template('kettle').remaining == 3
    robot.feel()
    answer = answers.wait(lambda message: message.template_id == 'mug')
    assert corners(answer.box_infrared) == moved(OTHER_BOX, 0, 0)
    wrong = robot.clear_template('kettle')
    assert not wrong.success and "'mug'" in wrong.message
    assert robot.clear_template().remaining == 0


def test_no_more_than_the_limit(robot: MatchingRobot) -> None:
    robot.set(max_templates=2)
    assert robot.set_template(name='one').success and robot.set_template(name='two').success
    third = robot.set_template(name='three')
    assert not third.success and 'max_templates' in third.message and 'Cure' in third.message
    assert robot.set_template(name='two').success
    robot.set(max_templates=8)


def test_what_is_not_there_is_not_found_and_found_again(
    robot: MatchingRobot, answers: Recorder
) -> None:
    robot.set_template(name='mug')
    robot.feel()
    assert answers.wait().found
    modes = []
    for _ in range(4):
        robot.feel(*FAR)
        answer = answers.wait()
        assert not answer.found and answer.reason and answer.score < 0.5
        assert corners(answer.box_infrared) == corners(answer.box_visible) == (0, 0, 0, 0)
        modes.append(answer.mode)
    assert modes == ['window', 'window', 'window', 'tiles']
    robot.status('templates', lambda s: 'not found' in values(s).get('mug', ''))

    def again() -> HeterologousMatch | None:
        # Farther away than a window reaches: only tiles find it.
        robot.feel(96, 60)
        answer = answers.wait()
        assert answer.mode == 'tiles'
        return answer if answer.found else None

    assert corners(eventually(again).box_infrared) == moved(BOX, 96, 60)
    robot.feel(100, 60)
    assert answers.wait().mode == 'window'


def test_a_region_of_the_newest_frame(robot: MatchingRobot, answers: Recorder) -> None:
    region = RegionOfInterest(x_offset=100, y_offset=80, width=64, height=64)
    cut_from = robot.see()
    robot.operator.publish('template_region', region)
    eventually(lambda: len(robot.node.targets))
    robot.feel(0, 4)
    answer = answers.wait()
    assert answer.template_id == 'region' and answer.template_header == cut_from
    assert corners(answer.box_infrared) == moved(BOX, 0, 4)


def test_a_picture_in_the_request(robot: MatchingRobot, answers: Recorder) -> None:
    header = Header(frame_id='photo')
    image = image_message(robot.scene.rgb(), header)
    assert robot.set_template(OTHER_BOX, image=image).success
    robot.feel()
    answer = answers.wait()
    assert answer.template_header == header
    assert corners(answer.box_infrared) == moved(OTHER_BOX, 0, 0)


def test_a_file_of_another_size_is_looked_for_everywhere(
    robot: MatchingRobot, answers: Recorder, tmp_path: Path
) -> None:
    # One of the sizes that are tried in frames like these; the toy matcher knows no other.
    x, y, side = 100, 80, 75
    part = robot.scene.rgb()[y : y + side, x : x + side]
    file = tmp_path / 'mug.png'
    cv2.imwrite(str(file), cv2.cvtColor(part, cv2.COLOR_RGB2BGR))
    answered = robot.set_template((), path=str(file))
    assert answered.success, answered.message

    def found() -> HeterologousMatch | None:
        robot.feel()
        answer = answers.wait()
        return answer if answer.found else None

    answer = eventually(found)
    assert answer.mode == 'tiles'
    assert corners(answer.box_infrared) == pytest.approx((x, y, side, side), abs=3.0)


def as_picture(counts: Any, *, palette: int | None = None) -> Any:
    grey = cv2.normalize(counts, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    coloured = grey if palette is None else cv2.applyColorMap(grey, palette)
    return cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB) if palette is not None else grey


@pytest.mark.parametrize('encoding', ['mono8', 'mono16', '16UC1', '32FC1'])
def test_encodings_of_one_channel(robot: MatchingRobot, answers: Recorder, encoding: str) -> None:
    robot.set_template()
    counts = robot.scene.counts(4, 4)
    pixels = {'mono8': as_picture(counts), '32FC1': counts.astype(np.float32)}.get(
        encoding, counts
    )
    message = counts_message(pixels, robot.header('infrared'), encoding)
    robot.operator.publish('infrared/image', message)
    assert corners(answers.wait().box_infrared) == moved(BOX, 4, 4)


def test_false_colours_with_their_palette(robot: MatchingRobot, answers: Recorder) -> None:
    robot.set_template()
    robot.set(infrared__palette='jet')
    rgb = as_picture(robot.scene.counts(4, 4), palette=cv2.COLORMAP_JET)
    robot.operator.publish('infrared/image', image_message(rgb, robot.header('infrared')))
    assert corners(answers.wait().box_infrared) == moved(BOX, 4, 4)


def test_compressed_frames(robot: MatchingRobot, answers: Recorder) -> None:
    rgb = robot.scene.rgb()
    visible = compressed(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), '.jpg', robot.header('visible'))
    robot.operator.publish('visible/image/compressed', visible)
    eventually(lambda: robot.node._hearing[0].newest()[0] == visible.header)
    assert robot.set_template().success
    infrared = compressed(robot.scene.counts(8, 0), '.png', robot.header('infrared'))
    robot.operator.publish('infrared/image/compressed', infrared)
    answer = answers.wait()
    assert answer.template_header == visible.header
    assert corners(answer.box_infrared) == moved(BOX, 8, 0)


def compressed(pixels: Any, kind: str, header: Header) -> CompressedImage:
    data = array.array('B', cv2.imencode(kind, pixels)[1].tobytes())
    return CompressedImage(header=header, format=kind[1:], data=data)


def test_counts_in_degrees(robot: MatchingRobot, answers: Recorder) -> None:
    robot.set_template()
    robot.set(infrared__celsius_scale=0.04, infrared__celsius_offset=-273.15)
    robot.feel()
    answer = answers.wait()
    x, y, width, height = (int(value) for value in BOX)
    counts = robot.scene.counts()[y : y + height, x : x + width]
    assert answer.temperature == pytest.approx(np.median(counts) * 0.04 - 273.15, abs=0.2)
    robot.set(infrared__celsius_scale=0.0)


def test_a_homography(robot: MatchingRobot, answers: Recorder) -> None:
    # The infrared camera sees the scene shifted by more than a window reaches.
    robot.set(mapping='homography', homography=[1.0, 0.0, -96.0, 0.0, 1.0, 8.0, 0.0, 0.0, 1.0])
    robot.set_template((180.0, 40.0, 64.0, 64.0))
    robot.scene, kept = Scene(), robot.scene
    message = counts_message(np.roll(kept.counts(), (8, -96), (0, 1)), robot.header('infrared'))
    robot.operator.publish('infrared/image', message)
    answer = answers.wait()
    assert answer.found and answer.mode == 'window'
    assert corners(answer.box_infrared) == pytest.approx((84, 48, 64, 64), abs=1.0)
    assert corners(answer.box_visible) == pytest.approx((180, 40, 64, 64), abs=1.0)


def test_two_calibrated_cameras(robot: MatchingRobot, answers: Recorder) -> None:
    # 0.2 m to the side, a focal length of 240 pixels and things at 1 m: 48 pixels.
    robot.set(mapping='cameras', cameras__translation=[-0.2, 0.0, 0.0], cameras__depth=1.0)
    robot.set_template((180.0, 40.0, 64.0, 64.0))
    robot.feel()
    answer = answers.wait()
    assert not answer.found and 'camera_info' in answer.reason and 'Cure' in answer.reason
    for name in ('visible', 'infrared'):
        info = CameraInfo(width=COLUMNS, height=ROWS, distortion_model='plumb_bob')
        info.k = [240.0, 0.0, 160.0, 0.0, 240.0, 120.0, 0.0, 0.0, 1.0]
        robot.operator.publish(f'{name}/camera_info', info)
    eventually(lambda: len(robot.node._registration._heard) == 2)
    counts = np.roll(robot.scene.counts(), -48, 1)
    robot.operator.publish('infrared/image', counts_message(counts, robot.header('infrared')))
    answer = answers.wait()
    assert corners(answer.box_infrared) == pytest.approx((132, 40, 64, 64), abs=1.0)
    assert corners(answer.box_visible) == pytest.approx((180, 40, 64, 64), abs=1.0)


def test_nobody_listening_nothing_searched(robot: MatchingRobot) -> None:
    robot.set_template(name='mug')
    topic = robot.node._infrared._topics[0]
    before = topic.received
    robot.feel()
    eventually(lambda: topic.received > before and not robot.node._infrared._worker._waiting)
    robot.status('templates', lambda s: values(s).get('mug') == 'not looked for yet')


def test_the_newest_frame_wins_and_the_others_are_counted(
    robot: MatchingRobot, answers: Recorder
) -> None:
    robot.set_template()
    topic = robot.node._infrared._topics[0]
    dropped = robot.node._infrared._worker.dropped
    robot.set(infrared__max_rate=0.01)  # one now, the next when this is taken back
    first = robot.feel(4, 4)
    assert answers.wait().header == first
    headers = []
    for _ in range(5):
        count = topic.received
        headers.append(robot.feel(4, 4))
        eventually(lambda count=count: topic.received > count)
    dropped += len(headers) - 1
    robot.status('/infrared/image', shows({'dropped': str(dropped)}))
    assert not answers.messages
    robot.set(infrared__max_rate=0.0)
    assert answers.wait().header == headers[-1]


def test_the_annotated_picture_is_drawn_for_those_who_look(
    robot: MatchingRobot, answers: Recorder
) -> None:
    robot.set_template(name='mug')
    pictures = robot.operator.listen(Image, 'annotated')
    eventually(lambda: robot.node._outlets.heard('annotated'))
    robot.see()
    header = robot.feel(4, 4)
    picture = pictures.wait(lambda message: message.header == header)
    assert picture.encoding == 'rgb8' and picture.width > COLUMNS
    rgb = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 3)
    assert rgb.std() > 10
    answers.wait()
    robot.operator.ignore(pictures)


def test_detections_where_vision_msgs_is_installed(
    robot: MatchingRobot, answers: Recorder
) -> None:
    messages = pytest.importorskip('vision_msgs.msg', reason='vision_msgs is not on PyPI')
    robot.set_template(name='mug')
    robot.set_template(OTHER_BOX, 'kettle')
    recorder = robot.operator.listen(messages.Detection2DArray, 'detections')
    eventually(lambda: robot.node._outlets.heard('detections'))
    header = robot.feel(4, 4)
    found = recorder.wait()
    assert found.header == header and [d.id for d in found.detections] == ['mug', 'kettle']
    box = found.detections[0].bbox
    assert (box.center.position.x, box.center.position.y) == pytest.approx((128, 108), abs=1)
    assert (box.size_x, box.size_y) == pytest.approx((64, 64))
    best = found.detections[0].results[0].hypothesis
    assert best.class_id == 'mug' and best.score > 0.9
