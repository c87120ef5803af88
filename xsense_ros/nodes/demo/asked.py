# SPDX-License-Identifier: Apache-2.0
"""Questions that the demo asks on purpose: what does this sound like, what makes this sound?

What the node hears and sees on its topics it looks for among what it has heard and seen. To be
answered in another sense than that, one asks its service with the modality that shall answer.
"""

from __future__ import annotations

import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image

from xsense_ros.evaluation.events import Event
from xsense_ros.evaluation.truth import asked_events
from xsense_ros.msg import AudioChunk, Sample
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.recording import Recording

_PICTURES = ('/camera/image', '/camera/image/compressed')
_SOUND = '/microphone/audio'


@dataclass(frozen=True)
class AskedQuestion:
    """A sample of the recording, and the modality among whose views it is looked for."""

    event: Event
    target: str
    sample: Sample


@dataclass
class _Open:
    """A question whose sample is still being collected."""

    event: Event
    chunks: list[AudioChunk] = field(default_factory=list)


def asked_questions(recording: Recording, window_ns: int) -> list[AskedQuestion]:
    """The questions that a recording names under /truth/asked, in order of time.

    Args:
        recording: with the truth of each question, and its kind as ``header.frame_id``.
        window_ns: length of the sound that is asked.
    """
    waiting = [_Open(event) for event in asked_events(recording, window_ns)]
    topics = tuple(name for name in (*_PICTURES, _SOUND) if name in recording.kinds)
    found = list(_collect(recording, topics, waiting))
    return sorted(found, key=lambda question: question.event.begin_ns)


def _collect(
    recording: Recording, topics: tuple[str, ...], waiting: list[_Open]
) -> Iterator[AskedQuestion]:
    for message in recording.messages(topics):
        if not waiting:
            return
        stamped: Any = None
        for question in list(waiting):
            event = question.event
            wanted = (_SOUND,) if event.sense == 'sound' else _PICTURES
            if message.topic not in wanted or message.time_ns < event.begin_ns:
                continue
            stamped = stamped or _deserialised(message.topic, message.data)
            begin_ns = stamp_to_ns(stamped.header.stamp)
            if begin_ns < event.begin_ns:
                continue
            if event.sense == 'sound':
                if begin_ns < event.end_ns:
                    question.chunks.append(stamped)
                    continue
                sample = Sample(modality=Sample.SOUND, sound=_joined(question.chunks))
            elif isinstance(stamped, Image):
                sample = Sample(modality=Sample.IMAGE, image=stamped)
            else:
                sample = Sample(modality=Sample.IMAGE, compressed=stamped)
            waiting.remove(question)
            yield AskedQuestion(event, event.target, sample)


def _deserialised(topic: str, data: bytes) -> Any:
    kind = AudioChunk if topic == _SOUND else Image if topic == _PICTURES[0] else CompressedImage
    return deserialize_message(data, kind)


def _joined(chunks: list[AudioChunk]) -> AudioChunk:
    first = chunks[0]
    return AudioChunk(
        header=first.header,
        sample_rate=first.sample_rate,
        channels=first.channels,
        encoding=first.encoding,
        data=array.array('B', b''.join(chunk.data.tobytes() for chunk in chunks)),
    )
