# SPDX-License-Identifier: Apache-2.0
"""Pictures of tiles, how they travel, and the picture of a sound."""

from __future__ import annotations

import json
import struct

import cv2
import numpy as np
import pytest

from tests.unit.dashboard.pages import scene
from xsense_ros.dashboard.rates import Latencies, Rate
from xsense_ros.dashboard.spectrogram import Spectrogram
from xsense_ros.dashboard.tiles import (
    Picture,
    camera_picture,
    encode_tile,
    infrared_picture,
    split_tile,
    touch_picture,
)
from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_a_tile_travels_with_its_header() -> None:
    picture = Picture(scene(), (640, 480), (20.126, 36.5), 'wärm', {'palette': 'inferno'})
    data = encode_tile('infrared', 'infrared', 12.25, picture, 95)
    (length,) = struct.unpack('>I', data[:4])
    header = json.loads(data[4 : 4 + length])
    assert header == {
        'tile': 'infrared', 'kind': 'infrared', 'stamp': 12.25, 'width': 640, 'height': 480,
        'celsius': [20.13, 36.5], 'note': 'wärm', 'palette': 'inferno',
    }  # fmt: skip
    told, jpeg = split_tile(data)
    assert told == header and jpeg == data[4 + length :]
    assert np.abs(decoded(jpeg).astype(int) - scene()).mean() < 6


def test_boxes_are_in_pixels_of_the_frame() -> None:
    picture = camera_picture(scene(480, 640), 160)
    assert picture.rgb.shape == (120, 160, 3) and picture.source == (640, 480)
    narrow = camera_picture(scene(48, 64), 160)
    np.testing.assert_array_equal(narrow.rgb, scene(48, 64))


def test_a_frame_seen_backwards_keeps_its_colours() -> None:
    np.testing.assert_array_equal(camera_picture(scene()[..., ::-1], 160).rgb, scene()[..., ::-1])


def test_touch_shows_change_four_times_as_strong() -> None:
    change = np.full((10, 12, 3), 128, np.uint8)
    change[2, 3], change[4, 5], change[6, 7] = 140, 100, 255
    picture = touch_picture(change, 100, True, 'contact')
    assert [int(picture.rgb[at][0]) for at in ((0, 0), (2, 3), (4, 5), (6, 7))] == [
        128, 128 + 4 * 12, 128 - 4 * 28, 255,
    ]  # fmt: skip
    assert picture.more == {'contact': True} and picture.note == 'contact'


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_warm_is_bright_and_the_scale_is_in_celsius(dtype: type) -> None:
    values = np.tile(np.linspace(10, 210, 200), (100, 1)).astype(dtype)
    picture = infrared_picture(values, 400, (0.1, -5.0))
    low, high = np.percentile(values, (0.5, 99.5))
    assert picture.celsius == pytest.approx((0.1 * low - 5.0, 0.1 * high - 5.0), abs=0.3)
    assert picture.rgb[0, 0].sum() < 30 and picture.rgb[0, -1].sum() > 500
    assert np.all(np.diff(picture.rgb[50].astype(int).sum(axis=1)) >= -12)
    assert infrared_picture(values, 400).celsius is None


def test_infrared_without_a_number_is_refused() -> None:
    with pytest.raises(InputError, match='no finite pixel'):
        infrared_picture(np.full((8, 8), np.nan, np.float32), 100)
    assert infrared_picture(np.full((8, 8), 7, np.uint16), 100).rgb.shape == (8, 8, 3)


class TestSpectrogram:
    def tone(self, hertz: float, seconds: float, rate: int = 16000) -> Waveform:
        time = np.arange(round(seconds * rate)) / rate
        return Waveform(np.sin(2 * np.pi * hertz * time).astype(np.float32), rate)

    def test_nothing_heard_nothing_shown(self) -> None:
        assert Spectrogram().picture() is None

    @pytest.mark.parametrize('rate', [8000, 16000, 44100])
    def test_high_is_up_and_new_is_right(self, rate: int) -> None:
        spectrogram = Spectrogram(2.0)
        for hertz in (300.0, 3000.0):
            for _ in range(10):
                spectrogram.add(self.tone(hertz, 0.1, rate))
        picture = spectrogram.picture()
        bright = picture.rgb.astype(int).sum(axis=2)
        rows, columns = bright.shape
        early = bright[:, columns // 8 : columns // 3].mean(axis=1).argmax()
        late = bright[:, -columns // 3 : -columns // 8].mean(axis=1).argmax()
        assert late + rows / 4 < early
        assert picture.more['seconds'] == 2.0
        assert picture.more['hertz'] == [60.0, min(8000.0, rate / 2)]

    def test_another_rate_begins_anew_and_forgetting_is_silence(self) -> None:
        spectrogram = Spectrogram(1.0)
        spectrogram.add(self.tone(1000.0, 5.0))
        loud = spectrogram.picture().rgb.mean()
        spectrogram.add(self.tone(1000.0, 0.05, 8000))
        assert spectrogram.picture().rgb.mean() < loud / 3
        spectrogram.clear()
        assert spectrogram.picture().rgb.max() < 10


class TestRates:
    def test_rate_of_what_comes_and_of_what_has_stopped(self) -> None:
        now = [0.0]
        rate = Rate(lambda: now[0])
        assert rate.hz() == 0.0
        for number in range(41):
            now[0] = number / 10
            rate.add()
        assert rate.hz() == pytest.approx(10.0)
        now[0] = 6.0
        assert 0.0 < rate.hz() < 8.0
        now[0] = 20.0
        assert rate.hz() == 0.0

    def test_percentiles(self) -> None:
        latencies = Latencies()
        assert latencies.percentiles() is None
        for number in range(101):
            latencies.add(float(number))
        assert latencies.percentiles() == (50.0, 95.0)
