# SPDX-License-Identifier: Apache-2.0
"""Sound of three packages: as decoded from a bag, and as objects with the same fields."""

from __future__ import annotations

import array
from types import SimpleNamespace

import numpy as np
import pytest

from tests.unit.adapters.audio_common import (
    MGONZS13,
    ROS_DRIVERS,
    Package,
    audio_stamped,
    stamped_bytes,
)
from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.adapters.table import SOUND, SOUND_FORMAT, adapter
from xsense_ros.errors import InputError

TOLD = SoundFormat('S16LE', 8000, 2)
STEREO = np.array([[16384, 0], [-16384, -16384], [8192, 24576]], '<i2')


def reader(name: str, carries: str = SOUND):
    return adapter(carries, f'audio_common_msgs/msg/{name}')


class TestRosDrivers:
    package = Package(ROS_DRIVERS)

    def test_bytes_are_what_the_format_says(self) -> None:
        message = stamped_bytes(self.package, STEREO.tobytes())
        sound = reader('AudioDataStamped').read(message, TOLD)
        assert sound.sample_rate == 8000
        np.testing.assert_array_equal(sound.samples, np.float32([0.25, -0.5, 0.5]))

    def test_without_a_header(self) -> None:
        data = np.frombuffer(STEREO.tobytes(), np.uint8)
        sound = reader('AudioData').read(self.package.make('AudioData', data=data), TOLD)
        np.testing.assert_array_equal(sound.samples, np.float32([0.25, -0.5, 0.5]))
        assert not reader('AudioData').stamped

    def test_arrays_of_rclpy(self) -> None:
        """Rclpy gives array.array where a bag gives numpy."""
        message = SimpleNamespace(data=array.array('B', STEREO.tobytes()))
        sound = reader('AudioData').read(message, TOLD)
        np.testing.assert_array_equal(sound.samples, np.float32([0.25, -0.5, 0.5]))

    def test_info_tells_the_format(self) -> None:
        info = self.package.make(
            'AudioInfo', channels=2, sample_rate=8000, sample_format='S16LE', bitrate=128,
            coding_format='wave',
        )  # fmt: skip
        assert reader('AudioInfo', SOUND_FORMAT).read(info) == TOLD

    def test_coded_sound_is_refused_with_the_cure(self) -> None:
        info = self.package.make(
            'AudioInfo', channels=1, sample_rate=16000, sample_format='S16LE', bitrate=128,
            coding_format='mp3',
        )  # fmt: skip
        with pytest.raises(InputError, match='format:=wave'):
            reader('AudioInfo', SOUND_FORMAT).read(info)

    def test_other_package_of_the_name(self) -> None:
        """Its AudioData has no field `data`."""
        other = Package(MGONZS13)
        message = audio_stamped(other, 'int16_data', [1], 8).audio.audio_data
        with pytest.raises(InputError, match='ros-drivers/audio_common'):
            reader('AudioData').read(message, TOLD)


class TestMgonzs13:
    package = Package(MGONZS13)

    @pytest.mark.parametrize(
        ('field', 'number', 'values'),
        [
            ('float32_data', 1, [0.5, -0.25, 0.0]),
            ('int32_data', 2, [2**30, -(2**29), 0]),
            ('int16_data', 8, [2**14, -(2**13), 0]),
            ('int8_data', 16, [64, -32, 0]),
            ('uint8_data', 32, [192, 96, 128]),
        ],
    )
    def test_each_format(self, field: str, number: int, values: list[float]) -> None:
        message = audio_stamped(self.package, field, values, number)
        sound = reader('AudioStamped').read(message, TOLD)
        assert sound.sample_rate == 8000, 'its own, not what was told'
        np.testing.assert_allclose(sound.samples, [0.5, -0.25, 0.0], atol=1e-7)

    def test_channels_are_averaged(self) -> None:
        message = audio_stamped(self.package, 'int16_data', STEREO.reshape(-1), 8, channels=2)
        sound = reader('AudioStamped').read(message, TOLD)
        np.testing.assert_array_equal(sound.samples, np.float32([0.25, -0.5, 0.5]))

    def test_arrays_of_rclpy(self) -> None:
        decoded = audio_stamped(self.package, 'int16_data', [2**14, 0], 8)
        data = SimpleNamespace(int16_data=array.array('h', [2**14, 0]))
        audio = SimpleNamespace(info=decoded.audio.info, audio_data=data)
        sound = reader('AudioStamped').read(SimpleNamespace(audio=audio), TOLD)
        np.testing.assert_array_equal(sound.samples, np.float32([0.5, 0.0]))

    @pytest.mark.parametrize('number', [4, 0, -1])
    def test_unknown_format(self, number: int) -> None:
        message = audio_stamped(self.package, 'int32_data', [1], number)
        with pytest.raises(InputError, match=r'format of audio\.info'):
            reader('AudioStamped').read(message, TOLD)

    def test_nothing_in_it(self) -> None:
        with pytest.raises(InputError, match='audio data length'):
            reader('AudioStamped').read(audio_stamped(self.package, 'int16_data', [], 8), TOLD)


class TestFormat:
    def test_from_text(self) -> None:
        assert SoundFormat.from_text('F32LE, 48000, 2') == SoundFormat('F32LE', 48000, 2)

    @pytest.mark.parametrize(
        'text', ['', 'S16LE', 'S24LE,16000,1', 'S16LE,16000,0', 'S16LE,1,1', 'S16LE,a,1', ',,']
    )
    def test_bad_text(self, text: str) -> None:
        with pytest.raises(InputError):
            SoundFormat.from_text(text)
