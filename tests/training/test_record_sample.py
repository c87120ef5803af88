# SPDX-License-Identifier: Apache-2.0
"""The script of the sample recording, on made-up stamps in place of the data set."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from xsense_ros.errors import InputError
from xsense_ros.resources import find_resource
from xsense_ros.senses.microphone import Waveform
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.record_sample import START, write_sample
from xsense_training.sample_recording import room_sound, scenario, scenes


@pytest.fixture(scope='module')
def stamps(tmp_path_factory: pytest.TempPathFactory) -> list[Concept]:
    """What the scenario names, and sixty others: coloured discs and tones."""
    folder = tmp_path_factory.mktemp('stamps')
    paths = {path for sight in scenario.SIGHTS for path in (sight.shown, sight.means) if path}
    paths |= {question.means for question in scenario.QUESTIONS if question.means}
    paths |= set(scenario.SOUNDS) | set(scenario.STRANGERS)
    concepts = []
    for number, path in enumerate([*sorted(paths), *(f'other/thing{n}' for n in range(60))]):
        rgba = np.zeros((60, 80, 4), np.uint8)
        cv2.circle(rgba, (40, 30), 25, (number * 3 % 256, number * 7 % 256, 99, 255), -1)
        picture, tone = folder / f'{number}.png', folder / f'{number}.wav'
        Image.fromarray(rgba).save(picture)
        if path in scenario.SOUNDS:
            samples = np.sin(np.arange(8000) * (number + 5) * 0.01)
            soundfile.write(tone, samples, 16000, subtype='PCM_16')
        concepts.append(
            Concept(
                id=f'tuxpaint/{path}',
                source='tuxpaint',
                name=path.rpartition('/')[2].replace('_', ' '),
                texts=(f'A {path}.',),
                images=(picture,),
                sounds=(SoundClip(tone),) if path in scenario.SOUNDS else (),
            )
        )
    return concepts


@pytest.fixture(scope='module')
def sample(stamps: list[Concept], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A faster scenario of the same shape, written to a folder."""
    with pytest.MonkeyPatch.context() as patch:
        faster(patch)
        folder = tmp_path_factory.mktemp('sample')
        size = write_sample(folder, stamps)
    assert size == sum(file.stat().st_size for file in folder.rglob('*') if file.is_file())
    return folder


def faster(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scenario, 'SIGHT_SECONDS', 0.4)
    patch.setattr(scenario, 'SOUND_PERIOD', 0.5)
    patch.setattr(scenario, 'TEXT_PERIOD', 0.3)


def messages(sample: Path) -> dict[str, list[tuple[int, Any]]]:
    """(time, message) by topic."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name in ('AudioChunk', 'TextStamped'):
        definition = find_resource(f'msg/{name}.msg').read_text('utf-8')
        store.register(get_types_from_msg(definition, f'xsense_ros/msg/{name}'))
    found = defaultdict(list)
    with Reader(sample / 'bag') as reader:
        for connection, time, data in reader.messages():
            found[connection.topic].append((time, store.deserialize_cdr(data, connection.msgtype)))
    return found


def stamp_of(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec * 10**9 + stamp.nanosec)


class TestWriteSample:
    def test_same_seed_same_bytes(
        self, stamps: list[Concept], sample: Path, tmp_path: Path
    ) -> None:
        def digest(folder: Path) -> dict[str, str]:
            files = sorted(file for file in folder.rglob('*') if file.is_file())
            return {
                str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
                for file in files
            }

        with pytest.MonkeyPatch.context() as patch:
            faster(patch)
            write_sample(tmp_path, stamps)
            assert digest(tmp_path) == digest(sample)
            write_sample(tmp_path, stamps, seed=1)
            assert digest(tmp_path) != digest(sample)

    def test_gallery(self, sample: Path) -> None:
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        assert len(items) == scenario.GALLERY_SIZE
        assert len({item['item_id'] for item in items}) == len(items)
        for item in items:
            picture = cv2.imread(str(sample / 'gallery' / item['picture']))
            assert picture.shape == (60, 80, 3)
            assert picture[0, 0].min() > 240, 'on white'
        heard = {item['source'].partition(': ')[2] for item in items if 'sound' in item}
        assert heard == set(scenario.HEARD_BEFORE)
        for item in items:
            if 'sound' in item:
                assert soundfile.info(sample / 'gallery' / item['sound']).samplerate == 16_000
        attribution = (sample / 'ATTRIBUTION.md').read_text()
        assert 'GNU General Public License' in attribution
        for item in items:
            assert item['source'].partition(': ')[2] in attribution

    def test_camera(self, sample: Path) -> None:
        found = messages(sample)
        jpegs, raws = found['/camera/image/compressed'], found['/camera/image']
        assert len(jpegs) == 2 * (len(scenario.SIGHTS) - 1) and len(raws) == 1
        for time, message in jpegs:
            assert cv2.imdecode(message.data, cv2.IMREAD_COLOR).shape == (480, 640, 3)
            assert time - stamp_of(message) == 12_000_000
        raw = raws[0][1]
        assert (raw.width, raw.height, raw.step, len(raw.data)) == (320, 240, 640, 320 * 240 * 2)

    def test_raw_is_what_jpeg_would_be(self, sample: Path) -> None:
        raw = messages(sample)['/camera/image'][0][1]
        bgr = cv2.cvtColor(raw.data.reshape(240, 320, 2), cv2.COLOR_YUV2BGR_UYVY)
        assert bgr.std() > 10, 'a scene, not a plain surface'

    def test_audio_is_unbroken(self, sample: Path) -> None:
        chunks = messages(sample)['/microphone/audio']
        stamps = [stamp_of(chunk) for _, chunk in chunks]
        assert stamps == [START + n * 100_000_000 for n in range(len(chunks))]
        assert all(len(chunk.data) == 3200 for _, chunk in chunks)
        assert all(time - stamp_of(chunk) == 103_000_000 for time, chunk in chunks)

    def test_sound_begins_where_the_truth_says(self, sample: Path) -> None:
        found = messages(sample)
        begin = next(stamp_of(m) for _, m in found['/truth/sound'] if m.text) - START
        data = np.concatenate([chunk.data for _, chunk in found['/microphone/audio']])
        samples = data.view('<i2') / 32768
        first = begin * 16000 // 10**9
        before, after = samples[:first], samples[first : first + 4000]
        assert np.sqrt(np.mean(before**2)) < 1e-3 < np.sqrt(np.mean(after**2))

    def test_truth_of_every_question(self, sample: Path) -> None:
        found = messages(sample)
        truths = {stamp_of(m): m.text for _, m in found['/truth/text']}
        asked = {stamp_of(m): m.text for _, m in found['/text']}
        assert truths.keys() == asked.keys()
        assert list(asked.values()) == [question.text for question in scenario.QUESTIONS]
        unknown = [question.means is None for question in scenario.QUESTIONS]
        assert [truth == scenario.UNKNOWN for truth in truths.values()] == unknown

    def test_truth_of_every_sight(self, sample: Path) -> None:
        truths = [message.text for _, message in messages(sample)['/truth/image']]
        assert truths[0] == scenario.NOTHING
        strangers = {s.shown for s in scenario.SIGHTS} & set(scenario.STRANGERS)
        assert truths.count(scenario.UNKNOWN) == len(strangers)
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        known = {item['item_id'] for item in items}
        assert set(truths) - {scenario.NOTHING, scenario.UNKNOWN} <= known

    def test_what_models_were_trained_on_is_refused(
        self, stamps: list[Concept], tmp_path: Path
    ) -> None:
        leaked = [replace(c, fold=1) if 'fox' in c.id else c for c in stamps]
        with pytest.raises(InputError, match='fox'):
            write_sample(tmp_path, leaked)


class TestFilm:
    def test_is_of_camera_size_and_moves(self) -> None:
        rgba = np.full((50, 50, 4), 255, np.uint8)
        frames = list(scenes.film(rgba, 3, np.random.default_rng(1)))
        assert [frame.shape for frame in frames] == [(480, 640, 3)] * 3
        difference = frames[0].astype(int) - frames[2]
        assert np.abs(difference).max() > 30

    @pytest.mark.parametrize('seed', range(6))
    def test_empty_scene_is_all_background(self, seed: int) -> None:
        (frame,) = scenes.film(None, 1, np.random.default_rng(seed))
        assert frame.std() > 3


class TestRoom:
    def test_keeps_the_loudest_stretch(self) -> None:
        samples = np.full(16000 * 5, 0.01, np.float32)
        samples[40000:44000] = 0.5
        heard = room_sound.heard(Waveform(samples, 16000), np.random.default_rng(0))
        limit = round(room_sound.LONGEST * 16000)
        assert limit <= len(heard) <= limit + 4000
        assert 0.29 < np.abs(heard).max() < 0.71

    def test_noise_has_its_level(self) -> None:
        noise = room_sound.noise(16000, np.random.default_rng(0))
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(room_sound.NOISE_LEVEL, rel=1e-3)

    def test_s16le(self) -> None:
        values = np.array([0.0, 1.0, -1.0, 2.0], np.float32)
        assert np.frombuffer(room_sound.to_s16le(values), '<i2').tolist() == [
            *(0, 32767, -32767, 32767)
        ]
