# SPDX-License-Identifier: Apache-2.0
"""Views and feature caches on real pixels and samples."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from PIL import Image

from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_input import SoundInput
from xsense_training.data.concept import SoundClip
from xsense_training.features.empty_scenes import empty_view
from xsense_training.features.image_features import ImageFeatureCache
from xsense_training.features.sound_features import SoundWindowCache
from xsense_training.features.sound_views import RATE, vary
from xsense_training.features.views import plain_view, scene_view


@pytest.fixture
def red_square():
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[5:35, 5:55] = (200, 10, 10, 255)
    return rgba


class TestViews:
    def test_plain_view_keeps_the_picture_whole_and_centred(self, red_square):
        view = plain_view(red_square)
        assert view.shape == (256, 256, 3) and tuple(view[0, 0]) == (255, 255, 255)
        assert np.abs(view[128, 128].astype(int) - (200, 10, 10)).max() <= 2
        red = np.argwhere((view[..., 0] > 150) & (view[..., 1] < 60))
        assert np.abs(red.mean(axis=0) - 127.5).max() < 1.5
        height, width = np.ptp(red, axis=0) + 1
        assert width / height == pytest.approx(50 / 30, rel=0.03)

    def test_a_scene_is_repeatable_and_shows_the_thing(self, red_square):
        for seed in range(5):
            view = scene_view(red_square, np.random.default_rng(seed))
            again = scene_view(red_square, np.random.default_rng(seed))
            assert np.array_equal(view, again) and view.dtype == np.uint8
            reddish = (view[..., 0].astype(int) - view[..., 1] > 80).mean()
            assert reddish > 0.03

    def test_transparent_parts_do_not_darken_the_edge(self, red_square):
        red_square[..., :3][red_square[..., 3] == 0] = 0
        view = plain_view(red_square)
        assert (view.sum(axis=2) < 150).mean() == 0

    def test_empty_scenes_are_repeatable_frames_that_differ(self):
        frames = [empty_view(np.random.default_rng(seed)) for seed in range(12)]
        assert np.array_equal(frames[3], empty_view(np.random.default_rng(3)))
        assert all(
            f.dtype == np.uint8 and f.shape[2] == 3 and min(f.shape[:2]) > 200 for f in frames
        )
        means = np.array([f.mean() for f in frames])
        assert means.std() > 10 and len(np.unique(means)) == 12


class TestSoundVariants:
    def test_repeatable_bounded_and_not_longer_than_the_window(self):
        x = Waveform(np.sin(np.arange(3 * RATE) / 9).astype(np.float32), RATE)
        for seed in range(10):
            first = vary(x, np.random.default_rng(seed))
            second = vary(x, np.random.default_rng(seed))
            assert np.array_equal(first.samples, second.samples)
            assert first.samples.dtype == np.float32 and len(first.samples) <= 2 * RATE
            assert 0.1 < np.abs(first.samples).max() <= 1


class TestCaches:
    def test_pictures_are_looked_at_once(self, tmp_path, red_square):
        calls = []

        def trunk(image):
            calls.append(image)
            return image.mean(axis=(2, 3))

        file = tmp_path / 'red.png'
        Image.fromarray(red_square).save(file)
        make = lambda n: ImageFeatureCache(tmp_path / 'c', trunk, 'id', ImageInput(32), n)  # noqa: E731
        first = make(2).features(file)
        assert first.shape == (3, 3) and len(calls) == 3
        assert np.array_equal(make(2).features(file), first) and len(calls) == 3
        more = make(4).features(file)  # goes on where it stopped
        assert len(calls) == 5 and np.array_equal(more[:3], first)
        other = ImageFeatureCache(tmp_path / 'c', trunk, 'other', ImageInput(32), 2)
        other.features(file)
        assert len(calls) == 8

    def test_sounds_are_the_robots_own_windows(self, tmp_path):
        file = tmp_path / 'tone.wav'
        samples = 0.3 * np.sin(np.arange(RATE) / 7).astype(np.float32)
        soundfile.write(file, samples, RATE, subtype='FLOAT')
        cache = SoundWindowCache(tmp_path / 'c', SoundInput(), 2)
        found = cache.windows(SoundClip(file))
        expected = SoundInput()(Waveform(samples, RATE))['log_mel'][0, 0]
        assert found.shape == (3, *expected.shape)
        assert np.allclose(found[0], expected, atol=0.02)
        assert np.array_equal(cache.windows(SoundClip(file)), found)
