# SPDX-License-Identifier: Apache-2.0
"""Whatever arrives, a message becomes a sample or an InputError, and the node lives on."""

from __future__ import annotations

import array
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import CompressedImage, Image
from xsense_ros.msg import AudioChunk, MatchArray, Sample, TextStamped

from tests.ros.harness import Robot, remembering
from tests.waiting import eventually
from xsense_ros.errors import InputError
from xsense_ros.nodes.sample_messages import sample_from_message
from xsense_ros.senses.camera import NATIVE_ENCODINGS
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile

LIMITS = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
UINT32 = st.one_of(st.integers(0, 64), st.integers(0, 2**32 - 1))
DATA = st.binary(max_size=4096).map(lambda data: array.array('B', data))
ENCODINGS = st.one_of(st.sampled_from(sorted(NATIVE_ENCODINGS)), st.text(max_size=12))
IMAGES = st.builds(
    Image,
    height=UINT32,
    width=UINT32,
    encoding=ENCODINGS,
    step=UINT32,
    is_bigendian=st.integers(0, 255),
    data=DATA,
)
FORMATS = st.sampled_from(['jpeg', 'png', 'rgb8; jpeg compressed bgr8', '', 'tiff'])
MAGIC = st.sampled_from([b'', b'\xff\xd8\xff\xe0', b'\x89PNG\r\n\x1a\n', b'BM', b'GIF89a'])
COMPRESSED = st.builds(
    lambda kind, magic, data: CompressedImage(
        format=kind, data=array.array('B', magic + bytes(data))
    ),
    FORMATS,
    MAGIC,
    DATA,
)
CHUNKS = st.builds(
    AudioChunk,
    sample_rate=UINT32,
    channels=st.integers(0, 255),
    encoding=st.one_of(st.sampled_from(['S16LE', 'S32LE', 'F32LE']), st.text(max_size=8)),
    data=DATA,
)
TEXTS = st.builds(TextStamped, text=st.text(max_size=200))


class Known:
    """Takes a frame for its own background where none is given."""

    def press(self, frame: Any, serial: str, profile: str, background: Any) -> Press:
        background = frame if background is None else background
        return press_of(frame, background, load_profile(profile or 'digit'))


@LIMITS
@given(
    st.builds(
        Sample,
        modality=st.sampled_from(['image', 'sound', 'text', 'touch', 'impact', '', 'smell']),
        image=IMAGES,
        compressed=COMPRESSED,
        sound=CHUNKS,
        text=TEXTS,
        background=IMAGES,
        profile=st.sampled_from(['', 'gelsight', 'fingertip', '/']),
    )
)
def test_conversions(message: Sample) -> None:
    try:
        modality, _, sample, text = sample_from_message(message, Known())
    except InputError as error:
        assert 'Cure:' in str(error)
        return
    if modality == 'image':
        assert sample.dtype == np.uint8 and sample.ndim == 3 and sample.shape[2] == 3
    elif modality == 'touch':
        assert isinstance(sample, Press)
    elif modality in ('sound', 'impact'):
        assert np.isfinite(sample.samples).all() and np.abs(sample.samples).max() <= 1.0
    else:
        assert sample == text and text.strip()


def _random_message(chance: random.Random) -> tuple[str, Any]:
    data = array.array('B', chance.randbytes(chance.choice([0, 1, 96, 3000])))
    number = chance.choice([0, 1, 4, 32, 2**31, 2**32 - 1])
    stamp = chance.choice([0, -1, 2**31 - 1, -(2**31)])
    kind = chance.randrange(4)
    if kind == 0:
        message: Any = Image(height=chance.choice([0, 4, 32, number]), width=number, data=data)
        message.encoding = chance.choice(['rgb8', 'nv12', 'bayer_rggb8', '32FC1', '\N{SNOWMAN}'])
        message.step = chance.choice([0, 12, 96, number])
        topic = chance.choice(['camera/image', 'touch'])
    elif kind == 1:
        message = CompressedImage(format=chance.choice(['jpeg', 'png', '']), data=data)
        topic = chance.choice(['camera/image', 'touch']) + '/compressed'
    elif kind == 2:
        message = AudioChunk(sample_rate=chance.choice([0, 8000, number]), data=data)
        message.encoding = chance.choice(['S16LE', 'F32LE', ''])
        message.channels = chance.choice([0, 1, 2, 255])
        topic = chance.choice(['microphone/audio', 'impact'])
    else:
        message = TextStamped(text=chance.choice(['', 'red', '\x00' * 9, '\N{SNOWMAN}' * 999]))
        topic = 'text'
    message.header.frame_id = chance.choice(['', 'A1', 'x' * 999])
    message.header.stamp.sec = stamp
    message.header.stamp.nanosec = chance.choice([0, 2**32 - 1])
    return topic, message


@pytest.fixture
def robot(bundle: Path, touch_bundle: Path) -> Iterator[Robot]:
    """An active node with all senses but that of sketches."""
    with remembering(bundle, touch_bundle) as robot:
        yield robot


@pytest.mark.ros
def test_over_dds(robot: Robot) -> None:
    chance = random.Random(7)
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    for _ in range(120):
        robot.operator.publish(*_random_message(chance))
    good = robot.operator.image('green')

    def answer() -> MatchArray | None:
        robot.operator.publish('camera/image', good)
        found = [m for m in matches.messages if m.header == good.header]
        return found[0] if found else None

    assert eventually(answer).matches[0].label == 'green'
    assert robot.lifecycle.state() == 'active'
    names = {thread.name for thread in threading.enumerate()}
    assert {
        f'xsense-{name}' for name in ('image', 'sound', 'text', 'touch', 'impact', 'services')
    } <= names
