# SPDX-License-Identifier: Apache-2.0
"""Sensor topics to tiles: heard only while somebody looks at the tile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from xsense_ros.adapters.table import SOUND, WORDS, Adapter
from xsense_ros.dashboard.painter import Frame, Painter
from xsense_ros.dashboard.rates import Rate
from xsense_ros.dashboard.spectrogram import Spectrogram
from xsense_ros.dashboard.tiles import (
    Picture,
    camera_picture,
    infrared_picture,
    touch_picture,
)
from xsense_ros.errors import InputError
from xsense_ros.nodes.adapters import header_of, heard
from xsense_ros.nodes.conversions import (
    compressed_to_rgb,
    image_to_rgb,
    stamp_to_ns,
)
from xsense_ros.nodes.dashboard.settings import DashboardSettings
from xsense_ros.nodes.dashboard.telling import seconds
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.qos import CAMERA, MICROPHONE, SKETCH, TACTILE, TEXT, subscribe
from xsense_ros.senses.infrared import decode_infrared, decode_infrared_compressed
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.tactile_sensor import TactileSensor

_BOTH = ((Image, ''), (CompressedImage, '/compressed'))


@dataclass
class _Topic:
    """A topic of a feed, and the subscription while somebody looks."""

    message: type[Any]
    name: str
    profile: QoSProfile
    hear: Callable[[Any], None]
    subscription: Subscription | None = None


@dataclass
class Feed:
    """A sense on the page: its tile, its topics and how often something comes.

    Args:
        tile: name of the tile and of the sense.
        kind: of the tile; 'text' has no tile.
        topic: relative name of the first topic.
        forget: what was heard, since nobody looks any more.
    """

    tile: str
    kind: str
    topic: str
    topics: list[_Topic] = field(default_factory=list)
    rate: Rate = field(default_factory=Rate)
    forget: Callable[[], None] = lambda: None


class Feeds:
    """All senses that the page shows.

    Args:
        node: subscribes.
        settings: of the dashboard.
        faults: told of quality of service that does not fit, and of frames that cannot be shown.
    """

    def __init__(self, node: Node, settings: DashboardSettings, faults: FaultRegistry) -> None:
        self._node = node
        self._settings = settings
        self._faults = faults
        self._offer: Callable[[str, Frame], None] = lambda tile, frame: None
        self._sensors = {
            topic: TactileSensor(load_profile(profile))
            for topic, profile in settings.touch_profiles.items()
        }
        self.every = self._table()

    def show_on(self, painter: Painter) -> None:
        """Leave frames with this painter."""
        self._offer = painter.offer

    def tiles(self) -> list[str]:
        """Names of all tiles."""
        return [feed.tile for feed in self.every if feed.kind != 'text']

    def told(self) -> list[dict[str, str]]:
        """The senses, as pages are told them."""
        return [
            {
                'name': feed.tile,
                'topic': self._node.resolve_topic_name(feed.topic),
                'kind': feed.kind,
            }
            for feed in self.every
        ]

    def follow(self, watched: Iterable[str], page: bool) -> None:
        """Subscribe to what is looked at, and to nothing else; in the executor's thread.

        Args:
            watched: tiles.
            page: whether there is one at all; texts, which have no tile, are then counted.
        """
        looked = {*watched, *(['text'] if page else [])}
        for feed in self.every:
            for topic in feed.topics:
                if feed.tile in looked and topic.subscription is None:
                    topic.subscription = subscribe(
                        self._node, topic.message, topic.name, topic.hear, topic.profile,
                        self._faults,
                    )  # fmt: skip
                elif feed.tile not in looked and topic.subscription is not None:
                    self._node.destroy_subscription(topic.subscription)
                    topic.subscription = None
                    feed.forget()

    def heard(self) -> dict[str, tuple[str, float]]:
        """Tile and messages a second of every sense that is heard now, by its first topic."""
        return {
            self._node.resolve_topic_name(feed.topic): (feed.tile, feed.rate.hz())
            for feed in self.every
            if any(topic.subscription is not None for topic in feed.topics)
        }

    def _table(self) -> list[Feed]:
        settings = self._settings
        pictures: list[tuple[str, str, str, QoSProfile, Callable[[Any], Picture]]] = [
            ('camera', 'camera', 'camera/image', CAMERA, self._camera),
            *(
                (_numbered('touch', number), 'touch', topic, TACTILE, partial(self._touch, sensor))
                for number, (topic, sensor) in enumerate(self._sensors.items(), 1)
            ),
            ('sketch', 'sketch', 'sketch', SKETCH, self._camera),
            ('visible', 'camera', 'visible/image', CAMERA, self._camera),
            ('infrared', 'infrared', 'infrared/image', CAMERA, self._infrared),
        ]
        feeds = []
        for tile, kind, name, profile, paint in pictures:
            feed = Feed(tile, kind, name)
            for message, suffix in _BOTH:
                hear = partial(self._show, feed, paint)
                feed.topics.append(_Topic(message, name + suffix, profile, hear))
            feeds.append(feed)
        for sense, topic in (('sound', 'microphone/audio'), ('impact', 'impact')):
            feed = Feed(sense, 'spectrogram', topic)
            kind = settings.message_types[sense]
            row, message = heard(SOUND, kind, f'parameter {sense}.message_type')
            spectrogram = Spectrogram(settings.spectrogram_seconds)
            listen = partial(self._listen, feed, spectrogram, row)
            feed.topics.append(_Topic(message, topic, MICROPHONE, listen))
            feed.forget = spectrogram.clear
            feeds.append(feed)
        words = Feed('text', 'text', 'text')
        kind = settings.message_types['text']
        _, message = heard(WORDS, kind, 'parameter text.message_type')
        words.topics.append(_Topic(message, 'text', TEXT, lambda message: words.rate.add()))
        return [*feeds, words]

    def _show(self, feed: Feed, paint: Callable[[Any], Picture], message: Any) -> None:
        """Leave the newest frame for the painter, and nothing else."""
        feed.rate.add()
        stamp = seconds(message.header.stamp)
        self._offer(feed.tile, Frame(feed.kind, stamp, partial(paint, message)))

    def _listen(self, feed: Feed, spectrogram: Spectrogram, row: Adapter, message: Any) -> None:
        feed.rate.add()
        try:
            spectrogram.add(row.read(message, self._settings.audio_format))
        except InputError as error:
            self._faults.report_error(self._node.resolve_topic_name(feed.topic), error)
            return
        stamp = seconds(header_of(message).stamp)
        self._offer(feed.tile, Frame(feed.kind, stamp, spectrogram.picture))

    def _camera(self, message: Any) -> Picture:
        return camera_picture(_rgb(message), self._settings.tile_width)

    def _infrared(self, message: Any) -> Picture:
        settings = self._settings
        values: NDArray[Any]
        if isinstance(message, CompressedImage):
            palette = settings.infrared_palette
            values = decode_infrared_compressed(message.data, message.format, palette=palette)
        else:
            values = decode_infrared(
                message.data,
                height=message.height,
                width=message.width,
                encoding=settings.infrared_encoding or message.encoding,
                step=message.step,
                is_bigendian=bool(message.is_bigendian),
                palette=settings.infrared_palette,
            )
        return infrared_picture(values, settings.tile_width, settings.celsius)

    def _touch(self, sensor: TactileSensor, message: Any) -> Picture:
        """What contact changes; the plain gel while its background is learnt."""
        frame, serial = _rgb(message), message.header.frame_id
        width, reading = self._settings.tile_width, None
        # A frame with contact teaches nothing: the note says how far the learning has come.
        with contextlib.suppress(InputError):
            reading = sensor.read(frame, serial, stamp_to_ns(message.header.stamp))
        if reading is None:
            have, wanted = sensor.learning(serial)
            gel = camera_picture(frame, width)
            note = f'learning its background: {have} of {wanted} frames without contact'
            return Picture(gel.rgb, gel.source, note=note, more={'contact': False})
        area = reading.contact.area_mm2
        note = f'contact, {area:.0f} mm²' if reading.in_contact else 'no contact'
        return touch_picture(reading.press.pixels, width, reading.in_contact, note)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f'{name}_{number}'


def _rgb(message: Any) -> NDArray[Any]:
    return (compressed_to_rgb if isinstance(message, CompressedImage) else image_to_rgb)(message)
