# SPDX-License-Identifier: Apache-2.0
"""Makes samples/robot_home: pictures of things, and a bag in which a robot meets them again."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from xsense_ros.resources import find_resource
from xsense_ros.senses.resize import resize
from xsense_training.data.concept import Concept
from xsense_training.data.image import load_image, load_rgba
from xsense_training.data.sound import load_sound
from xsense_training.sample_recording import scenario
from xsense_training.sample_recording.room_sound import RATE, Samples, heard, noise, to_s16le
from xsense_training.sample_recording.scenes import film

FRAME_SECONDS = 0.2
RAW_FRAME_SECONDS = 0.4
CHUNK_SECONDS = 0.1
START = 1_767_225_600_000_000_000  # stamp of the first sample [ns]: 2026-01-01 00:00 UTC
GALLERY_SIDE = 320
_JPEG_QUALITY = 80
_FIRST_SOUND, _FIRST_TEXT = 1.0, 0.6  # seconds
_HEADER = 'std_msgs/msg/Header'
_STORE_AS = {  # topic -> type
    '/camera/image': 'sensor_msgs/msg/Image',
    '/camera/image/compressed': 'sensor_msgs/msg/CompressedImage',
    '/microphone/audio': 'xsense_ros/msg/AudioChunk',
    '/text': 'xsense_ros/msg/TextStamped',
    '/truth/image': 'xsense_ros/msg/TextStamped',
    '/truth/sound': 'xsense_ros/msg/TextStamped',
    '/truth/text': 'xsense_ros/msg/TextStamped',
}


@dataclass(frozen=True)
class Record:
    """One message of the bag.

    Attributes:
        time: when it was received, in ns after START.
        topic: a key of the recording's topics.
        stamp: when it was sensed, in ns after START.
        frame_id: of the header.
        fields: the message without its header.
    """

    time: int
    topic: str
    stamp: int
    frame_id: str
    fields: dict[str, Any]


def write_sample(folder: Path, concepts: list[Concept], seed: int = 0) -> int:
    """Write gallery, bag and attribution. The same concepts and seed give the same bytes.

    Args:
        folder: where; its gallery/ and bag/ are replaced.
        concepts: all Tux Paint concepts, with folds.
        seed: another one gives other scenes, echoes and noise.

    Returns:
        Size of the folder in bytes.

    Raises:
        InputError: a stamp of the scenario is missing or is not held out.
    """
    stamps = scenario.held_out_stamps(concepts)
    remembered = scenario.gallery_stamps(stamps)
    for part in ('gallery', 'bag'):
        shutil.rmtree(folder / part, ignore_errors=True)
    _write_gallery(folder / 'gallery', remembered, np.random.default_rng([seed, 3]))
    duration = scenario.SIGHT_SECONDS * len(scenario.SIGHTS)
    streams = (
        _camera(stamps, remembered, np.random.default_rng([seed, 1])),
        _microphone(stamps, remembered, duration, np.random.default_rng([seed, 2])),
        _texts(remembered),
    )
    records = sorted(itertools.chain(*streams), key=lambda record: record.time)
    _write_bag(folder / 'bag', records)
    used = {path for sight in scenario.SIGHTS if (path := sight.shown)} | set(scenario.SOUNDS)
    _write_attribution(folder / 'ATTRIBUTION.md', stamps, sorted({*used, *remembered}))
    return sum(file.stat().st_size for file in folder.rglob('*') if file.is_file())


def _truth(path: str | None, remembered: dict[str, Concept]) -> str:
    """Item id of a stamp, or how the recording calls what has none."""
    if path is None:
        return scenario.NOTHING
    return scenario.item_id(remembered[path]) if path in remembered else scenario.UNKNOWN


def _truth_record(sense: str, stamp: int, truth: str) -> Record:
    return Record(stamp, f'/truth/{sense}', stamp, 'scenario', {'text': truth})


def _camera(
    stamps: dict[str, Concept], remembered: dict[str, Concept], rng: np.random.Generator
) -> Iterator[Record]:
    """JPEG frames, and raw ones of some sights, 12 ms after they were seen."""
    for index, sight in enumerate(scenario.SIGHTS):
        begin = round(index * scenario.SIGHT_SECONDS * 1e9)
        yield _truth_record('image', begin, _truth(sight.means or sight.shown, remembered))
        step = RAW_FRAME_SECONDS if sight.raw else FRAME_SECONDS
        rgba = load_rgba(stamps[sight.shown].images[0]) if sight.shown else None
        frames = round(scenario.SIGHT_SECONDS / step)
        for number, rgb in enumerate(film(rgba, frames, rng)):
            stamp = begin + round(number * step * 1e9)
            topic = '/camera/image' if sight.raw else '/camera/image/compressed'
            fields = _raw(rgb) if sight.raw else _jpeg(rgb)
            yield Record(stamp + 12_000_000, topic, stamp, 'camera', fields)


def _raw(rgb: NDArray[np.uint8]) -> dict[str, Any]:
    """Fields of sensor_msgs/Image: half the size, as a USB camera sends it (yuv422 is UYVY)."""
    small = resize(rgb, rgb.shape[0] // 2, rgb.shape[1] // 2)
    height, width = small.shape[:2]
    data = cv2.cvtColor(small, cv2.COLOR_RGB2YUV_UYVY)
    return {
        **{'height': height, 'width': width, 'encoding': 'yuv422', 'is_bigendian': 0},
        **{'step': 2 * width, 'data': np.ascontiguousarray(data).reshape(-1)},
    }


def _jpeg(rgb: NDArray[np.uint8]) -> dict[str, Any]:
    """Fields of sensor_msgs/CompressedImage."""
    return {'format': 'rgb8; jpeg compressed bgr8', 'data': _encode(rgb, _JPEG_QUALITY)}


def _encode(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(data, np.uint8).reshape(-1)


def _microphone(
    stamps: dict[str, Concept],
    remembered: dict[str, Concept],
    duration: float,
    rng: np.random.Generator,
) -> Iterator[Record]:
    """Chunks without a gap. A chunk is received when its last sample has been heard."""
    track = noise(round(duration * RATE), rng)
    yield _truth_record('sound', 0, scenario.NOTHING)
    for index, path in enumerate(scenario.SOUNDS):
        sound: Samples = heard(load_sound(stamps[path].sounds[0]), rng)
        first = round((_FIRST_SOUND + index * scenario.SOUND_PERIOD) * RATE)
        track[first : first + len(sound)] += sound[: len(track) - first]
        end = first + len(sound)
        yield _truth_record('sound', first * 10**9 // RATE, _truth(path, remembered))
        yield _truth_record('sound', end * 10**9 // RATE, scenario.NOTHING)
    data = to_s16le(track)
    size = 2 * round(CHUNK_SECONDS * RATE)
    for offset in range(0, len(data), size):
        stamp = offset // 2 * 10**9 // RATE
        chunk = np.frombuffer(data[offset : offset + size], np.uint8)
        fields = {'sample_rate': RATE, 'channels': 1, 'encoding': 'S16LE', 'data': chunk}
        received = stamp + len(chunk) // 2 * 10**9 // RATE + 3_000_000
        yield Record(received, '/microphone/audio', stamp, 'microphone', fields)


def _texts(remembered: dict[str, Concept]) -> Iterator[Record]:
    for index, question in enumerate(scenario.QUESTIONS):
        stamp = round((_FIRST_TEXT + index * scenario.TEXT_PERIOD) * 1e9)
        truth = scenario.UNKNOWN if question.means is None else _truth(question.means, remembered)
        yield _truth_record('text', stamp, truth)
        yield Record(stamp + 1_000_000, '/text', stamp, 'operator', {'text': question.text})


def _write_bag(folder: Path, records: list[Record]) -> None:
    """An MCAP bag of version 9 (ROS 2 Jazzy), chunks compressed with Zstandard."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for file in sorted(find_resource('msg').glob('*.msg')):
        definition = file.read_text('utf-8')
        store.register(get_types_from_msg(definition, f'xsense_ros/msg/{file.stem}'))
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=store)
            for topic, kind in _STORE_AS.items()
        }
        for record in records:
            stamp = START + record.stamp
            time = store.types['builtin_interfaces/msg/Time'](
                sec=stamp // 10**9, nanosec=stamp % 10**9
            )
            header = store.types[_HEADER](stamp=time, frame_id=record.frame_id)
            kind = _STORE_AS[record.topic]
            message = store.types[kind](header=header, **record.fields)
            data = store.serialize_cdr(message, kind)
            writer.write(connections[record.topic], START + record.time, data)


def _write_gallery(folder: Path, remembered: dict[str, Concept], rng: np.random.Generator) -> None:
    """One picture a thing on white, the sound of some, and items.json that names them."""
    folder.mkdir(parents=True)
    items = []
    for path, concept in remembered.items():
        picture = load_image(concept.images[0])
        scale = min(1.0, GALLERY_SIDE / max(picture.shape[:2]))
        height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
        name = f'{scenario.item_id(concept)}.jpg'
        (folder / name).write_bytes(_encode(resize(picture, height, width), 90).tobytes())
        item = {
            'item_id': scenario.item_id(concept),
            'label': concept.name,
            'picture': name,
            'source': f'tuxpaint-stamps: {path}',
            'licence': 'GPL-2.0-or-later',
            'author': 'Bill Kendrick and the Tux Paint contributors',
        }
        if path in scenario.HEARD_BEFORE:
            item['sound'] = f'{scenario.item_id(concept)}.flac'
            sound = heard(load_sound(concept.sounds[0]), rng)
            soundfile.write(folder / item['sound'], sound, RATE, subtype='PCM_16')
        items.append(item)
    items.sort(key=lambda item: item['item_id'])
    text = json.dumps(items, indent=1, ensure_ascii=False)
    (folder / 'items.json').write_text(text + '\n', 'utf-8')


_ATTRIBUTION = """\
# Where the sample recording comes from

Pictures and sounds are stamps of Tux Paint (tuxpaint-stamps 2022.06.04), Copyright 2002-2022 by
Bill Kendrick <bill@newbreedsoftware.com> and the Tux Paint contributors, https://tuxpaint.org.
They are free software under the GNU General Public License, version 2 or (at your option) any
later version; its text is in the file COPYING beside this one. The recording and the gallery are
derived from them and are under the same licence. The rest of this repository is not.

What was changed: pictures were laid on white and made smaller (gallery), or laid on drawn scenes,
turned, lit and given noise (bag); of sounds the loudest stretch was given an echo and room noise,
each time another one. The source of the recording is the script
training/xsense_training/record_sample.py and the stamps themselves; `make record-sample` makes it
again.

Stamps used (paths in tuxpaint-stamps):

| stamp | caption | picture | sound |
| --- | --- | --- | --- |
"""


def _write_attribution(file: Path, stamps: dict[str, Concept], used: list[str]) -> None:
    rows = [
        f'| {path} | {stamps[path].texts[0]} | yes | {"yes" if path in scenario.SOUNDS else ""} |'
        for path in used
    ]
    file.write_text(_ATTRIBUTION + '\n'.join(rows) + '\n', 'utf-8')
