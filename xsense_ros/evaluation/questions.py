# SPDX-License-Identifier: Apache-2.0
"""The questions of a recording: what the node would have asked, with the same windows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.adapters.stamps import message_ns
from xsense_ros.adapters.table import (
    DRAWING,
    PICTURE,
    SOUND,
    SOUND_FORMAT,
    WORDS,
    Adapter,
    adapter,
    kinds_of,
)
from xsense_ros.errors import InputError
from xsense_ros.evaluation.decoding import Decoder
from xsense_ros.evaluation.settings import SenseSettings
from xsense_ros.recording import Recorded, Recording
from xsense_ros.senses.impact_window import ImpactWindow
from xsense_ros.senses.microphone import rms_dbfs
from xsense_ros.senses.sound_questions import SoundQuestions, stamp_or_end
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.tactile_sensor import TactileSensor
from xsense_ros.senses.touch_window import TouchEvent, TouchWindow
from xsense_ros.units import NS

# What the messages of a sense's topics carry.
_CARRIES = {'image': PICTURE, 'sketch': DRAWING, 'sound': SOUND, 'text': WORDS} | {
    'touch': PICTURE,
    'impact': SOUND,
}
# Relative names of the topics that the node hears; those of touch are parameters.
TOPICS = {
    'image': ('camera/image', 'camera/image/compressed'),
    'sketch': ('sketch', 'sketch/compressed'),
    'sound': ('microphone/audio',),
    'text': ('text',),
    'impact': ('impact',),
}


@dataclass(frozen=True)
class Question:
    """What one sense asks at one time.

    Attributes:
        modality: of the sense.
        stamp_ns: of its first moment, as in the header of the answer.
        window_ns: length of the sound; 0 for a single moment.
        samples: of one thing, as the encoder takes them.
        text: that is asked, else ''.
        decode_ms: from serialised message to samples.
    """

    modality: str
    stamp_ns: int
    window_ns: int
    samples: tuple[Any, ...]
    text: str
    decode_ms: float


@dataclass
class _Heard:
    """A topic of the recording, and what is known of its sound."""

    sense: str
    row: Adapter
    finger: str = ''
    told: SoundFormat | None = None


@dataclass(frozen=True)
class _Arrival:
    """A message of a sense, read; ``stamp_ns`` is 0 where it has no stamp."""

    topic: _Heard
    sample: Any
    stamp_ns: int
    time_ns: int
    serial: str
    decode_ms: float


@dataclass
class Senses:
    """Turns the messages of a recording into questions, in the order of the recording.

    Args:
        recording: that is read.
        settings: windows and thresholds of the senses.
        topics: name of the topic that a sense is heard on, where it is not the node's own;
            compressed pictures are heard on that name + '/compressed' too.

    Attributes:
        heard: sense of each topic of the recording that is heard.
        refused: messages that could not be used, by topic: how many, and what was wrong with the
            last.

    Raises:
        InputError: a topic that was not recorded, or whose type no adapter reads.
    """

    recording: Recording
    settings: SenseSettings
    topics: Mapping[str, str] = field(default_factory=dict)
    heard: dict[str, str] = field(init=False)
    refused: dict[str, tuple[int, str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._heard: dict[str, _Heard] = {}
        self._infos: dict[str, Adapter] = {}
        for sense in _CARRIES:
            for name in self._names(sense):
                self._hear(sense, name)
        self.heard = {name: topic.sense for name, topic in self._heard.items()}
        if not self.heard:
            known = ', '.join(sorted(self.recording.kinds))
            raise InputError(
                'topics of the recording', known, f'one of {self._all_names()}',
                'say which topic belongs to which sense: --topic image=/front/image',
            )  # fmt: skip

    def questions(self) -> Iterator[Question]:
        """All questions, from the beginning; InputError for a damaged bag."""
        settings = self.settings
        self.refused.clear()
        self._decode = Decoder(self.recording)
        self._sounds = SoundQuestions()
        self._knocks = ImpactWindow(rise_db=settings.impact_rise_db)
        self._touches = TouchWindow(
            event_seconds=settings.touch_event_seconds,
            presses=settings.touch_presses,
            repeat_seconds=settings.touch_repeat_seconds,
            silent_seconds=settings.touch_silent_seconds,
        )
        self._fingers = {
            topic.finger: TactileSensor(load_profile(self._profile(topic.finger)))
            for topic in self._heard.values()
            if topic.sense == 'touch'
        }
        felt_ns = 0
        for recorded in self.recording.messages((*self._heard, *self._infos)):
            try:
                yield from self._take(recorded)
            except InputError as error:
                count = self.refused.get(recorded.topic, (0, ''))[0]
                self.refused[recorded.topic] = (count + 1, str(error))
            if self.heard.get(recorded.topic) == 'touch':
                felt_ns = recorded.time_ns
        # A touch that lasts until the end of the recording ends with it.
        last = self._touches.poll(felt_ns + round(3600 * NS))
        if last is not None:
            yield _touch(last, 0.0)

    def _names(self, sense: str) -> list[str]:
        given = self.topics.get(sense)
        if given is not None:
            named = ['/' + given.strip('/')]
            if _CARRIES[sense] in (PICTURE, DRAWING):
                named.append(f'{named[0]}/compressed')
            if not any(name in self.recording.kinds for name in named):
                known = ', '.join(sorted(self.recording.kinds))
                raise InputError(f'topic of {sense}', given, f'one of {known}', 'correct --topic')
            return named
        if sense == 'touch':
            return [
                f'/{name.strip("/")}{end}'
                for name in self.settings.touch_profiles
                for end in ('', '/compressed')
            ]
        return [f'/{name}' for name in TOPICS[sense]]

    def _all_names(self) -> str:
        return ', '.join(name for sense in _CARRIES for name in self._names(sense))

    def _hear(self, sense: str, name: str) -> None:
        kind = self.recording.kinds.get(name)
        if kind is None:
            return
        row = adapter(_CARRIES[sense], kind, f'type of the topic {name}')
        self._heard[name] = _Heard(sense, row, name.removesuffix('/compressed'))
        info = f'{name}_info'
        if row.told and self.recording.kinds.get(info) in kinds_of(SOUND_FORMAT):
            self._infos[info] = adapter(SOUND_FORMAT, self.recording.kinds[info])

    def _profile(self, finger: str) -> str:
        profiles = self.settings.touch_profiles
        return profiles.get(finger.strip('/'), next(iter(profiles.values())))

    def _take(self, recorded: Recorded) -> Iterator[Question]:
        begun = time.perf_counter()
        message = self._decode(recorded)
        if recorded.topic in self._infos:
            told = self._infos[recorded.topic].read(message)
            self._heard[recorded.topic.removesuffix('_info')].told = told
            return
        topic = self._heard[recorded.topic]
        told = (topic.told or self.settings.audio_format,) if topic.row.carries == SOUND else ()
        sample = topic.row.read(message, *told)
        arrival = _Arrival(
            topic,
            sample,
            message_ns(message),
            recorded.time_ns,
            message.header.frame_id if topic.sense == 'touch' else '',
            (time.perf_counter() - begun) * 1e3,
        )
        asking = {'sound': self._sound, 'impact': self._impact, 'touch': self._touch}
        yield from asking.get(topic.sense, self._at_once)(arrival)

    def _at_once(self, arrival: _Arrival) -> Iterator[Question]:
        sense, sample = arrival.topic.sense, arrival.sample
        stamp_ns = arrival.stamp_ns or arrival.time_ns
        text = sample if sense == 'text' else ''
        yield Question(sense, stamp_ns, 0, (sample,), text, arrival.decode_ms)

    def _sound(self, arrival: _Arrival) -> Iterator[Question]:
        settings, sounds = self.settings, self._sounds
        stamp_ns = stamp_or_end(arrival.stamp_ns, sounds.end_stamp_ns or arrival.time_ns)
        sounds.push(
            stamp_ns,
            arrival.sample,
            settings.sound_window_seconds,
            settings.sound_hop_seconds,
        )
        due = sounds.take()
        if due is not None and rms_dbfs(due[1]) >= settings.sound_silence_dbfs:
            start_ns, sound = due
            length_ns = round(sound.seconds * NS)
            yield Question('sound', start_ns, length_ns, (sound,), '', arrival.decode_ms)

    def _impact(self, arrival: _Arrival) -> Iterator[Question]:
        stamp_ns = stamp_or_end(arrival.stamp_ns, self._knocks.end_stamp_ns or arrival.time_ns)
        for start_ns, knock in self._knocks.push(stamp_ns, arrival.sample):
            yield Question('impact', start_ns, 0, (knock,), '', arrival.decode_ms)

    def _touch(self, arrival: _Arrival) -> Iterator[Question]:
        finger = arrival.topic.finger
        stamp_ns = arrival.stamp_ns or arrival.time_ns
        reading = self._fingers[finger].read(arrival.sample, arrival.serial, stamp_ns)
        if reading is None:  # its background is being learnt
            return
        # First, as the node does between frames: fingers that have fallen silent let go.
        for event in (
            self._touches.poll(stamp_ns - 1),
            self._touches.push(finger, reading),
        ):
            if event is not None:
                yield _touch(event, arrival.decode_ms)


def _touch(event: TouchEvent, decode_ms: float) -> Question:
    samples = tuple(felt.press for felt in event.presses)
    return Question('touch', event.newest.stamp_ns, 0, samples, '', decode_ms)
