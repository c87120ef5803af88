# SPDX-License-Identifier: Apache-2.0
"""The table of message types, and pictures, words and cameras read by it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from xsense_ros.adapters.stamps import message_ns
from xsense_ros.adapters.table import (
    ADAPTERS,
    CAMERA,
    DRAWING,
    PICTURE,
    SOUND,
    WORDS,
    adapter,
    kinds_of,
)
from xsense_ros.errors import InputError

STORE = get_typestore(Stores.ROS2_JAZZY)
RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def made(kind: str, **fields: Any) -> Any:
    """A message as decoded from a bag."""
    message = STORE.types[kind](**fields)
    return STORE.deserialize_cdr(STORE.serialize_cdr(message, kind), kind)


def header(stamp_ns: int = 0) -> Any:
    sec, nanosec = divmod(stamp_ns, 10**9)
    stamp = STORE.types['builtin_interfaces/msg/Time'](sec, nanosec)
    return STORE.types['std_msgs/msg/Header'](stamp, 'camera')


def raw(rgb: Any, encoding: str) -> Any:
    rows, columns, channels = rgb.shape
    return made(
        'sensor_msgs/msg/Image', header=header(1_500_000_000), height=rows, width=columns,
        encoding=encoding, is_bigendian=0, step=columns * channels, data=rgb.reshape(-1),
    )  # fmt: skip


def test_no_type_twice() -> None:
    keys = [(row.carries, row.kind) for row in ADAPTERS]
    assert len(keys) == len(set(keys))
    assert kinds_of(SOUND)[0] == 'xsense_ros/msg/AudioChunk', 'the default'


def test_every_own_type_is_described() -> None:
    """A type of ours that is read has a file in msg/."""
    from xsense_ros.resources import find_resource

    for row in ADAPTERS:
        if row.kind.startswith('xsense_ros/'):
            assert find_resource(f'msg/{row.kind.rpartition("/")[2]}.msg').is_file()


def test_raw_picture() -> None:
    message = raw(RGB[..., ::-1].copy(), 'bgr8')
    np.testing.assert_array_equal(adapter(PICTURE, 'sensor_msgs/msg/Image').read(message), RGB)
    assert message_ns(message) == 1_500_000_000


def test_compressed_picture_and_drawing() -> None:
    rgba = np.dstack([RGB, np.uint8([[0, 0, 0], [255, 255, 255]])])
    png = cv2.imencode('.png', rgba)[1].reshape(-1)
    kind = 'sensor_msgs/msg/CompressedImage'
    message = made(kind, header=header(), format='png', data=png)
    assert adapter(PICTURE, kind).read(message).shape == (2, 3, 3)
    drawing = adapter(DRAWING, kind).read(message)
    assert (drawing[0] == 255).all(), 'what is transparent is paper'
    np.testing.assert_array_equal(drawing[1], RGB[1, :, ::-1])


def test_words() -> None:
    row = adapter(WORDS, 'std_msgs/msg/String')
    assert row.read(made('std_msgs/msg/String', data='a mug')) == 'a mug'
    assert not row.stamped and message_ns(made('std_msgs/msg/String', data='a mug')) == 0
    with pytest.raises(InputError, match='printing'):
        row.read(SimpleNamespace(data=' \n'))


def test_camera() -> None:
    roi = STORE.types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False)
    info = made(
        'sensor_msgs/msg/CameraInfo', header=header(), height=480, width=640,
        distortion_model='plumb_bob', d=np.zeros(5),
        k=np.array([500.0, 0, 320, 0, 500, 240, 0, 0, 1]), r=np.eye(3).reshape(-1),
        p=np.zeros(12), binning_x=0, binning_y=0, roi=roi,
    )  # fmt: skip
    camera = adapter(CAMERA, 'sensor_msgs/msg/CameraInfo').read(info)
    assert camera.size == (640, 480)


def test_unknown_type_names_those_that_are_known() -> None:
    with pytest.raises(InputError, match=r'/mic.*Float64.*sound as xsense_ros/msg/AudioChunk or'):
        adapter(SOUND, 'std_msgs/msg/Float64', 'type of the topic /mic')
