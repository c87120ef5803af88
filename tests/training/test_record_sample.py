# SPDX-License-Identifier: Apache-2.0
"""The script of the sample recording, on made-up media in place of the data sets."""

from __future__ import annotations

import functools
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
import yaml
from PIL import Image
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from tests.toy_touch import toy_gel, toy_knock
from xsense_ros.errors import InputError
from xsense_ros.resources import find_resource
from xsense_ros.senses.impact_window import BEFORE_SECONDS, ImpactWindow
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sketch_input import SketchInput
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.tactile_sensor import TactileSensor
from xsense_training import record_sample
from xsense_training.data.registered_pair import RegisteredPair
from xsense_training.record_sample import write_sample
from xsense_training.sample_recording import (
    bag,
    flight,
    paper,
    room_sound,
    scenario,
    scenes,
    touching,
)
from xsense_training.sample_recording.bag import START
from xsense_training.sample_recording.library import Library, Picture, Sound
from xsense_training.sample_recording.touched import SENSORS, TouchedThing


def keys() -> tuple[set[str], set[str], set[str]]:
    """Pictures, sounds and sketches that the scenario names, and sixty stamps more."""
    items = (*scenario.INSTRUMENTS_SEEN, *scenario.INSTRUMENTS_HEARD)
    pictures = {sight.shown for sight in scenario.SIGHTS} | {item.picture for item in items}
    pictures |= {question.means for question in scenario.QUESTIONS}
    pictures |= {f'{key}:{style}' for key, style in scenario.EMOJI.items()}
    pictures |= {'tuxpaint/animals/mammals/equines/zebra', *scenario.STRANGERS}
    pictures |= {f'tuxpaint/other/thing{number}' for number in range(60)}
    sounds = {heard.sound for heard in scenario.SOUNDS} | {item.sound for item in items}
    pictures |= {sound for sound in sounds if sound and sound.startswith('tuxpaint/')}
    sketches = {drawing.sketch for drawing in scenario.DRAWINGS}
    return pictures - {None}, sounds - {None}, sketches  # type: ignore[return-value]


def name_of(key: str) -> str:
    known = {'emoji/1F363': 'sushi', 'emoji/2693': 'anchor', 'emoji/2328': 'keyboard'}
    known |= {'emoji/1F3B0': 'slot machine', 'emoji/1FACE': 'moose', 'emoji/26F4': 'ferry'}
    known |= {'tuxpaint/vehicles/emergency/firetruck': 'fire truck'}
    plain = key.partition(':')[0]
    return known.get(plain, plain.rpartition('/')[2].partition('#')[0].replace('_', ' '))


@pytest.fixture(scope='module')
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Coloured discs, tones, and crosses in black lines."""
    folder = tmp_path_factory.mktemp('media')
    pictures, sounds, sketches = keys()
    found: dict[str, Picture] = {}
    for number, key in enumerate(sorted(pictures)):
        rgba = np.zeros((60, 80, 4), np.uint8)
        cv2.circle(rgba, (40, 30), 25, (number * 3 % 256, number * 7 % 256, 99, 255), -1)
        Image.fromarray(rgba).save(folder / f'{number}.png')
        found[key] = Picture(folder / f'{number}.png', name_of(key), 'somebody', 'CC0-1.0')
    rgba = np.zeros((72, 72, 4), np.uint8)
    cv2.line(rgba, (10, 10), (60, 60), (0, 0, 0, 255), 2)
    cv2.line(rgba, (60, 10), (10, 60), (0, 0, 0, 255), 2)
    Image.fromarray(rgba).save(folder / 'cross.png')
    cross = Picture(folder / 'cross.png', 'cross', 'somebody', 'CC0-1.0')

    def tone(number: int) -> Waveform:
        samples = np.sin(np.arange(8000) * (number + 5) * 0.01)
        return Waveform(samples.astype(np.float32), 16000)

    return Library(
        found,
        {
            key: Sound(functools.partial(tone, number), 'somebody', 'MIT')
            for number, key in enumerate(sorted(sounds))
        },
        dict.fromkeys(sketches, cross),
        tuple(thing(number) for number in range(scenario.TOUCHED + 1)),
    )


def land() -> RegisteredPair:
    """Ground as large as the flight takes: patches, whose heat tells nothing of their colour."""
    rng = np.random.default_rng(5)
    visible = cv2.resize(rng.integers(0, 120, (75, 25, 3), np.uint8), (500, 1500))
    heat = cv2.resize(rng.integers(160, 220, (75, 25), np.uint8), (500, 1500))
    return RegisteredPair('toy land', visible, heat)


def gel(serial: str, rng: np.random.Generator) -> Any:
    return toy_gel(None, list(SENSORS).index(serial), int(rng.integers(1000)))


def thing(number: int) -> TouchedThing:
    """A disc, a red imprint and a low tone: one of a toy thing."""

    def press(serial: str, depth_mm: float, rng: np.random.Generator) -> Any:
        return toy_gel('red', list(SENSORS).index(serial), int(rng.integers(1000)))

    def view() -> Any:
        return np.full((60, 80, 3), 250, np.uint8)

    def knock() -> Waveform:
        return toy_knock('red', number, at=BEFORE_SECONDS, seconds=0.8)

    return TouchedThing(
        f'touch-sim/{number}', f'toy {number}', 'somebody', 'MIT', view, press, knock
    )


@pytest.fixture(scope='module')
def sample(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A faster scenario of the same shape, written to a folder."""
    with pytest.MonkeyPatch.context() as patch:
        faster(patch)
        folder = tmp_path_factory.mktemp('sample')
        size = write_sample(folder, library, land())
    assert size == sum(file.stat().st_size for file in folder.rglob('*') if file.is_file())
    return folder


def faster(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(scenario, 'SIGHT_SECONDS', 0.25)
    patch.setattr(record_sample, 'RAW_FRAME_SECONDS', 0.25)
    patch.setattr(scenario, 'SOUND_PERIOD', 0.35)
    patch.setattr(scenario, 'TEXT_PERIOD', 0.3)
    patch.setattr(scenario, 'SKETCH_PERIOD', 0.3)
    patch.setattr(touching, 'rest', gel)
    patch.setattr(bag, 'LEVEL', 1)


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
    def test_same_seed_same_bytes(self, library: Library, sample: Path, tmp_path: Path) -> None:
        def digest(folder: Path) -> dict[str, str]:
            files = sorted(file for file in folder.rglob('*') if file.is_file())
            return {
                str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
                for file in files
            }

        with pytest.MonkeyPatch.context() as patch:
            faster(patch)
            write_sample(tmp_path, library, land())
            assert digest(tmp_path) == digest(sample)

    def test_gallery(self, sample: Path) -> None:
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        instruments = len(scenario.INSTRUMENTS_SEEN) + len(scenario.INSTRUMENTS_HEARD)
        touched = scenario.TOUCHED - len(scenario.TOUCHED_STRANGERS)
        assert len(items) == scenario.STAMPS + instruments + len(scenario.EMOJI) + touched
        assert len({item['item_id'] for item in items}) == len(items)
        for item in items:
            if 'picture' not in item:
                assert 'sound' in item
                continue
            picture = cv2.imread(str(sample / 'gallery' / item['picture']))
            assert picture.shape == (60, 80, 3)
            assert picture[0, 0].min() > 240, 'on white'
        heard = {item['source'] for item in items if 'sound' in item and 'picture' in item}
        assert heard == {heard.sound for heard in scenario.SOUNDS if heard.asked is None}
        for item in items:
            if 'sound' in item:
                assert soundfile.info(sample / 'gallery' / item['sound']).samplerate == 16_000
        attribution = (sample / 'ATTRIBUTION.md').read_text()
        assert 'GNU General Public License' in attribution
        for item in items:
            assert item['source'] in attribution and item['licence'] in attribution

    def test_camera(self, sample: Path) -> None:
        found = messages(sample)
        jpegs, raws = found['/camera/image/compressed'], found['/camera/image']
        assert len(jpegs) == len(scenario.SIGHTS) - 1 and len(raws) == 1
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
        by_kind = [sight for sight in scenario.SIGHTS if sight.sounds_like]
        assert truths.count(scenario.UNKNOWN) == len(strangers) + len(by_kind)
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        known = {item['item_id'] for item in items}
        assert set(truths) - {scenario.NOTHING, scenario.UNKNOWN} <= known

    def test_truth_of_every_sketch(self, sample: Path) -> None:
        found = messages(sample)
        drawn = [*found['/sketch'], *found['/sketch/compressed']]
        truths = {stamp_of(m): m.text for _, m in found['/truth/sketch']}
        assert truths.keys() == {stamp_of(m) for _, m in drawn}
        assert len(truths) == len(scenario.DRAWINGS)
        remembered = [drawing.sketch in scenario.EMOJI for drawing in scenario.DRAWINGS]
        known = [truth != scenario.UNKNOWN for truth in truths.values()]
        assert known == remembered and not all(known)
        for _, message in found['/sketch']:
            assert (message.encoding, len(message.data)) == ('mono8', 180 * 240)

    def test_what_is_asked_on_purpose(self, sample: Path) -> None:
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        views = {item['item_id']: item for item in items}
        asked = [(m.header.frame_id, m.text) for _, m in messages(sample)['/truth/asked']]
        wanted = [heard for heard in scenario.SOUNDS if heard.asked]
        assert len(asked) == len(wanted) + sum(bool(s.sounds_like) for s in scenario.SIGHTS)
        for kind, truth in asked:
            if truth != scenario.UNKNOWN:
                answer = 'sound' if kind == scenario.MADE_TO_SOUND else 'picture'
                assert answer in views[truth]

    def test_touches_are_felt_when_the_truth_says(self, sample: Path) -> None:
        found = messages(sample)
        sensors: dict[str, TactileSensor] = defaultdict(
            lambda: TactileSensor(load_profile('gelsight'))
        )
        felt, serials = set(), []
        stamps = [stamp_of(frame) for _, frame in found['/touch/compressed']]
        assert np.ptp(np.diff(stamps)) == 0, 'a steady stream'
        for _, frame in found['/touch/compressed']:
            rgb = cv2.cvtColor(cv2.imdecode(frame.data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            serial = frame.header.frame_id
            serials.append(serial)
            reading = sensors[serial].read(rgb, serial, stamp_of(frame))
            if reading is not None and reading.in_contact:
                felt.add(stamp_of(frame))
        assert list(dict.fromkeys(serials)) == list(SENSORS), 'one swap'
        marks = [(stamp_of(m), m.text) for _, m in found['/truth/touch']]
        ends = [stamp for stamp, _ in marks[1:]] + [stamps[-1] + 1]
        true = {
            stamp
            for (begin, text), end in zip(marks, ends, strict=True)
            for stamp in stamps
            if text and begin <= stamp < end
        }
        assert felt == true
        names = [text for _, text in marks if text]
        assert len(names) == scenario.TOUCHED
        strange = [index for index, text in enumerate(names) if text == scenario.UNKNOWN]
        assert tuple(strange) == scenario.TOUCHED_STRANGERS

    def test_knocks_are_heard_where_the_truth_says(self, sample: Path) -> None:
        found = messages(sample)
        window, heard = ImpactWindow(), []
        for _, chunk in found['/impact']:
            samples = chunk.data.view('<i2').astype(np.float32) / 32768
            heard += window.push(stamp_of(chunk), Waveform(samples, chunk.sample_rate))
        begins = [stamp_of(m) for _, m in found['/truth/impact'] if m.text]
        assert len(begins) == len(heard) == scenario.TOUCHED
        for begin, (start, _) in zip(begins, heard, strict=True):
            assert abs(start - begin - 50e6) < 15e6, 'each aligned at its onset'

    def test_too_few_things_are_refused(self, library: Library, tmp_path: Path) -> None:
        with pytest.raises(InputError, match='make touch-sim, with more --objects'):
            write_sample(tmp_path, replace(library, things=library.things[:3]), land())

    @pytest.mark.parametrize('kind', ['pictures', 'sounds', 'sketches'])
    def test_what_is_not_held_out_is_refused(
        self, library: Library, tmp_path: Path, kind: str
    ) -> None:
        key = {
            'pictures': 'tuxpaint/animals/mammals/dogs/fox',
            'sounds': 'gcompris/instruments/violin',
            'sketches': 'emoji/2693',
        }[kind]
        known = {name: medium for name, medium in getattr(library, kind).items() if name != key}
        with pytest.raises(InputError, match=key):
            write_sample(tmp_path, replace(library, **{kind: known}), land())
        assert not (tmp_path / 'gallery').exists()


def boxes(found: list[tuple[int, Any]]) -> dict[tuple[str, int], list[float]]:
    """Name and stamp -> box; [] where it is not there."""
    return {
        (m.header.frame_id, stamp_of(m)): json.loads(m.text) if m.text else [] for _, m in found
    }


class TestFlight:
    def test_two_cameras_and_little_between_them(self, sample: Path) -> None:
        found = messages(sample)
        visible = found['/visible/image/compressed']
        infrared = found['/infrared/image/compressed']
        assert len(visible) == len(infrared) == flight.FRAMES
        for (_, light), (_, heat) in zip(visible, infrared, strict=True):
            assert 0 < stamp_of(heat) - stamp_of(light) < 10e6
            assert cv2.imdecode(light.data, cv2.IMREAD_UNCHANGED).shape == (192, 256, 3)
            assert cv2.imdecode(heat.data, cv2.IMREAD_UNCHANGED).shape == (192, 256)

    def test_a_target_is_shown_once_before_it_is_looked_for(self, sample: Path) -> None:
        found = messages(sample)
        returned = []
        shown = boxes(found['/truth/template'])
        stamps = {stamp_of(m) for _, m in found['/visible/image/compressed']}
        heat = {stamp_of(m) for _, m in found['/infrared/image/compressed']}
        assert {name for name, _ in shown} == set(flight.TARGETS)
        for name, stamp in shown:
            asked = [at for other, at in boxes(found['/truth/match']) if other == name]
            assert stamp in stamps and set(asked) <= heat
            assert min(asked) > stamp + 1e9 * flight.LATER
            there = [bool(boxes(found['/truth/match'])[name, at]) for at in asked]
            assert there[0]
            returned.append(False in there and True in there[there.index(False) :])
        assert any(returned), 'one of them goes and comes back'

    def test_truth_is_where_the_ground_is_again(self) -> None:
        """On ground that both cameras see alike, the truth cuts the same patch again."""
        ground = land()
        grey = cv2.cvtColor(ground.visible, cv2.COLOR_RGB2GRAY)
        records = list(flight.flight(RegisteredPair('alike', ground.visible, grey)))
        light, heat = (
            {
                r.stamp: cv2.imdecode(r.fields['data'], cv2.IMREAD_GRAYSCALE)
                for r in records
                if r.topic == f'/{camera}/image/compressed'
            }
            for camera in ('visible', 'infrared')
        )
        shown = {r.frame_id: r for r in records if r.topic == '/truth/template'}

        def patch(image: Any, box: list[float]) -> Any:
            x, y, width, height = box
            middle = (x + width / 2 - 0.5, y + height / 2 - 0.5)
            whole = cv2.getRectSubPix(image, (round(width), round(height)), middle)
            return cv2.resize(whole, (32, 32), interpolation=cv2.INTER_AREA).ravel()

        likenesses = []
        for record in records:
            if record.topic == '/truth/match' and record.fields['text']:
                origin = shown[record.frame_id]
                box, truth = (json.loads(r.fields['text']) for r in (origin, record))
                if min(truth[0], truth[1]) > 0 and truth[1] + truth[3] < 192:
                    one, other = patch(light[origin.stamp], box), patch(heat[record.stamp], truth)
                    likenesses.append(np.corrcoef(one, other)[0, 1])
        assert len(likenesses) > 20 and min(likenesses) > 0.85

    def test_cameras_file_is_of_the_node(self, sample: Path) -> None:
        given = yaml.safe_load((sample / 'cameras.yaml').read_text())
        parameters = given['matching']['ros__parameters']
        assert parameters['mapping'] == 'homography'
        assert np.allclose(np.reshape(parameters['homography'], (3, 3)), flight.CAMERAS)

    def test_too_little_ground_or_contrast(self) -> None:
        ground = land()
        small = RegisteredPair('small', ground.visible[:800], ground.infrared[:800])
        with pytest.raises(InputError, match='ground of the flight'):
            list(flight.flight(small))
        flat = RegisteredPair('flat', ground.visible, np.full_like(ground.infrared, 190))
        with pytest.raises(InputError, match='contrast'):
            list(flight.flight(flat))


class TestPaper:
    @pytest.mark.parametrize('board', [False, True])
    @pytest.mark.parametrize('seed', range(4))
    def test_a_drawing_is_still_what_it_was(
        self, library: Library, seed: int, board: bool
    ) -> None:
        rgba = np.asarray(Image.open(library.sketches['emoji/2693'].path))
        page = paper.on_paper(rgba, np.random.default_rng(seed), board)
        assert page.shape == (paper.HEIGHT, paper.WIDTH, 3) and page.dtype == np.uint8
        assert (page.mean() < 100) == board
        prepare = SketchInput(size=64)
        clean = 255 - np.repeat(rgba[..., 3:], 3, axis=2)
        one, other = (cv2.GaussianBlur(prepare.ink(p), (0, 0), 4).ravel() for p in (clean, page))
        assert np.corrcoef(one, other)[0, 1] > 0.8


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
