# SPDX-License-Identifier: Apache-2.0
"""Makes samples/robot_home: things, and a bag in which a robot meets and is asked for them.

Two cameras fly over land, too, in the same bag: what they are asked to find has no gallery.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from xsense_training.data.image import load_rgba
from xsense_training.data.registered_pair import RegisteredPair
from xsense_training.sample_recording import scenario
from xsense_training.sample_recording.bag import Record, truth_record, write_bag
from xsense_training.sample_recording.flight import cameras_file, flight
from xsense_training.sample_recording.gallery import write_attribution, write_gallery
from xsense_training.sample_recording.library import Library
from xsense_training.sample_recording.memory import remembered
from xsense_training.sample_recording.messages import (
    camera_fields,
    compressed_fields,
    sound_fields,
    tablet_fields,
)
from xsense_training.sample_recording.paper import on_paper
from xsense_training.sample_recording.room_sound import RATE, Samples, heard, noise, to_s16le
from xsense_training.sample_recording.scenario import Item
from xsense_training.sample_recording.scenes import film
from xsense_training.sample_recording.touched import chosen
from xsense_training.sample_recording.touching import knocks, touches

FRAME_SECONDS = 0.25
RAW_FRAME_SECONDS = 0.5
CHUNK_SECONDS = 0.1
_FIRST_SOUND, _FIRST_TEXT, _FIRST_SKETCH = 1.0, 0.6, 1.5  # seconds


def write_sample(folder: Path, library: Library, ground: RegisteredPair, seed: int = 0) -> int:
    """Write gallery, bag, cameras and attribution. The same arguments give the same bytes.

    Args:
        folder: where; its gallery/ and bag/ are replaced.
        library: of what may be used.
        ground: that is flown over: the test region of the Landsat scene.
        seed: another one gives other scenes, sheets, echoes and noise.

    Returns:
        Size of the folder in bytes.

    Raises:
        InputError: something of the scenario is missing or is not held out, or the ground is too
            small.
    """
    items = remembered(library)
    for part in ('gallery', 'bag'):
        shutil.rmtree(folder / part, ignore_errors=True)
    write_gallery(folder / 'gallery', items, library, np.random.default_rng([seed, 3]))
    duration = scenario.SIGHT_SECONDS * len(scenario.SIGHTS)
    truths = _Truths(items)
    things = chosen(library.things, scenario.TOUCHED)
    streams = (
        _camera(library, truths, np.random.default_rng([seed, 1])),
        _microphone(library, truths, duration, np.random.default_rng([seed, 2])),
        _texts(truths),
        _sketches(library, truths, np.random.default_rng([seed, 4])),
        touches(things, truths.felt, np.random.default_rng([seed, 5])),
        knocks(things, truths.felt, np.random.default_rng([seed, 6])),
        flight(ground),
    )
    write_bag(folder / 'bag', list(itertools.chain(*streams)))
    (folder / 'cameras.yaml').write_text(cameras_file(), 'utf-8')
    write_attribution(folder / 'ATTRIBUTION.md', items, library)
    return sum(file.stat().st_size for file in folder.rglob('*') if file.is_file())


class _Truths:
    """Ids of remembered things by what is shown, heard or drawn of them."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._by_medium = {item.picture: item.item_id for item in items if item.picture}
        self._by_medium |= {
            item.picture.partition(':')[0]: item.item_id
            for item in items
            if item.picture and item.picture.startswith('emoji/') and ':' in item.picture
        }

        self._by_sound = {item.sound: item.item_id for item in items if item.sound}

    def seen(self, medium: str | None) -> str:
        """Id of the item that this is a picture or sketch of, or what stands for none."""
        if medium is None:
            return scenario.NOTHING
        return self._by_medium.get(medium, scenario.UNKNOWN)

    def felt(self, thing: str) -> str:
        """Id of the item that is this simulated thing."""
        return self._by_medium.get(thing, scenario.UNKNOWN)

    def heard(self, sound: str) -> str:
        """Id of the item that was heard to make this sound."""
        return self._by_sound.get(sound, scenario.UNKNOWN)


def _camera(library: Library, truths: _Truths, rng: np.random.Generator) -> Iterator[Record]:
    """JPEG frames, and raw ones of some sights, 12 ms after they were seen."""
    for index, sight in enumerate(scenario.SIGHTS):
        begin = round(index * scenario.SIGHT_SECONDS * 1e9)
        truth = sight.means or truths.seen(sight.shown)
        yield truth_record('image', begin, truth, scenario.STREAMED['image'])
        if sight.sounds_like:
            yield truth_record('asked', begin, sight.sounds_like, scenario.MADE_TO_SOUND)
        step = RAW_FRAME_SECONDS if sight.raw else FRAME_SECONDS
        rgba = load_rgba(library.pictures[sight.shown].path) if sight.shown else None
        for number, rgb in enumerate(film(rgba, round(scenario.SIGHT_SECONDS / step), rng)):
            stamp = begin + round(number * step * 1e9)
            topic = '/camera/image' if sight.raw else '/camera/image/compressed'
            fields = camera_fields(rgb) if sight.raw else compressed_fields(rgb)
            yield Record(stamp + 12_000_000, topic, stamp, 'camera', fields)


def _sketches(library: Library, truths: _Truths, rng: np.random.Generator) -> Iterator[Record]:
    """One sheet each, 20 ms after it was finished."""
    for index, drawing in enumerate(scenario.DRAWINGS):
        stamp = round((_FIRST_SKETCH + index * scenario.SKETCH_PERIOD) * 1e9)
        line_art = load_rgba(library.sketches[drawing.sketch].path)
        rgb = on_paper(line_art, rng, drawing.board)
        yield truth_record(
            'sketch', stamp, truths.seen(drawing.sketch), scenario.STREAMED['sketch']
        )
        topic = '/sketch' if drawing.raw else '/sketch/compressed'
        fields = tablet_fields(rgb) if drawing.raw else compressed_fields(rgb)
        yield Record(stamp + 20_000_000, topic, stamp, 'tablet', fields)


def _microphone(
    library: Library, truths: _Truths, duration: float, rng: np.random.Generator
) -> Iterator[Record]:
    """Chunks without a gap. A chunk is received when its last sample has been heard."""
    track = noise(round(duration * RATE), rng)
    kind = scenario.STREAMED['sound']
    yield truth_record('sound', 0, scenario.NOTHING, kind)
    for index, event in enumerate(scenario.SOUNDS):
        sound: Samples = heard(library.sounds[event.sound].load(), rng)
        first = round((_FIRST_SOUND + index * scenario.SOUND_PERIOD) * RATE)
        track[first : first + len(sound)] += sound[: len(track) - first]
        begin, end = (place * 10**9 // RATE for place in (first, first + len(sound)))
        yield truth_record('sound', begin, truths.heard(event.sound), kind)
        yield truth_record('sound', end, scenario.NOTHING, kind)
        if event.asked:
            truth = event.means or truths.seen(event.sound)
            yield truth_record('asked', begin, truth, event.asked)
    data = to_s16le(track)
    size = 2 * round(CHUNK_SECONDS * RATE)
    for offset in range(0, len(data), size):
        stamp = offset // 2 * 10**9 // RATE
        fields = sound_fields(data[offset : offset + size], RATE)
        received = stamp + len(fields['data']) // 2 * 10**9 // RATE + 3_000_000
        yield Record(received, '/microphone/audio', stamp, 'microphone', fields)


def _texts(truths: _Truths) -> Iterator[Record]:
    for index, question in enumerate(scenario.QUESTIONS):
        stamp = round((_FIRST_TEXT + index * scenario.TEXT_PERIOD) * 1e9)
        truth = scenario.UNKNOWN if question.means is None else truths.seen(question.means)
        yield truth_record('text', stamp, truth, scenario.STREAMED['text'])
        yield Record(stamp + 1_000_000, '/text', stamp, 'operator', {'text': question.text})
