# SPDX-License-Identifier: Apache-2.0
"""Talks to a running retrieval node through its services, for the command line and the demo."""

from __future__ import annotations

import array
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from xsense_ros.errors import InputError
from xsense_ros.gallery.media import read_sound
from xsense_ros.msg import AudioChunk, GalleryItem, MatchArray, Sample
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.senses.picture_file import file_bytes
from xsense_ros.srv import Enroll, Forget, ListItems, Query, Rename, Undo

_ASK_AGAIN_SECONDS = 1.0
_PAGE = 100
_NO_VERSION = 2**64 - 1  # of a gallery
_PICTURES = {'.jpg': 'jpeg', '.jpeg': 'jpeg', '.png': 'png'}


class RetrievalClient:
    """The services of a retrieval node, as a context manager.

    Initialises rclpy where nobody has.

    Args:
        target: name of the node, with its namespace if it has one.
        timeout: seconds that one call may take.
    """

    def __init__(self, target: str = 'retrieval', timeout: float = 30.0) -> None:
        self._owns_context = not rclpy.ok()
        if self._owns_context:
            rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self._target = target
        self._timeout = timeout
        self._node = rclpy.create_node('xsense_client', start_parameter_services=False)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> RetrievalClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        if self._owns_context:
            rclpy.try_shutdown()

    def enroll(
        self, label: str, views: Sequence[Sample], live: Sequence[str] = (), item_id: str = ''
    ) -> GalleryItem:
        """Remember samples, and the newest live ones. See srv/Enroll."""
        request = Enroll.Request(
            label=label, item_id=item_id, views=list(views), live_modalities=list(live)
        )
        item: GalleryItem = self._changing(Enroll, 'enroll', request, Enroll.Request()).item
        return item

    def forget(self, item_id: str) -> int:
        """Forget an item; the version this led to. See srv/Forget."""
        request = Forget.Request(item_id=item_id)
        answer = self._changing(Forget, 'forget', request, Forget.Request())
        return int(answer.gallery_version)

    def rename(self, item_id: str, label: str) -> GalleryItem:
        """Give an item another label. See srv/Rename."""
        request = Rename.Request(item_id=item_id, label=label)
        item: GalleryItem = self._changing(Rename, 'rename', request, Rename.Request()).item
        return item

    def undo(self, version: int = 0) -> tuple[str, int]:
        """Take back a change; what it was, and the version this led to. See srv/Undo."""
        harmless = Undo.Request(gallery_version=_NO_VERSION)
        answer = self._changing(Undo, 'undo', Undo.Request(gallery_version=version), harmless)
        return answer.undone, answer.gallery_version

    def items(self, contains: str = '', thumbnails: bool = False) -> list[GalleryItem]:
        """All items whose label contains the text, in order of enrolment."""
        found: list[GalleryItem] = []
        while True:
            request = ListItems.Request(
                label_contains=contains, offset=len(found), limit=_PAGE, thumbnails=thumbnails
            )
            answer = self._asking(ListItems, 'list_items', request)
            found += answer.items
            if len(found) >= answer.total or not answer.items:
                return found

    def query(
        self,
        sample: Sample,
        targets: Sequence[str] = (),
        top_k: int = 0,
        also: Sequence[Sample] = (),
    ) -> MatchArray:
        """Ask once, with one sample or with several of one event. See srv/Query."""
        request = Query.Request(
            sample=sample, also=list(also), target_modalities=list(targets), top_k=top_k
        )
        answer: MatchArray = self._asking(Query, 'query', request).answer
        return answer

    def _asking(self, kind: type[Any], name: str, request: Any) -> Any:
        """A call that changes nothing: it is made again where its answer may be lost."""
        client = self._client(kind, name)
        answer = self._insist(client, request, time.monotonic() + self._timeout)
        if answer is None:
            raise self._late(name, 'an answer')
        return self._checked(name, answer)

    def _changing(self, kind: type[Any], name: str, request: Any, harmless: Any) -> Any:
        """A call that may only be made once, after a request that is refused has come back."""
        known = name in self._clients
        client, deadline = self._client(kind, name), time.monotonic() + self._timeout
        known = known or self._insist(client, harmless, deadline) is not None
        answer = self._call(client, request, self._timeout) if known else None
        if answer is None:
            raise self._late(name, 'an answer')
        return self._checked(name, answer)

    def _client(self, kind: type[Any], name: str) -> Any:
        if name not in self._clients:
            client = self._node.create_client(kind, f'{self._target}/{name}')
            if not client.wait_for_service(self._timeout):
                raise self._late(name, 'a running retrieval node')
            self._clients[name] = client
        return self._clients[name]

    def _insist(self, client: Any, request: Any, deadline: float) -> Any:
        """The first answer to a request that is made again and again, ever less often.

        An answer that is sent before the node has discovered our end is lost. One that a busy node
        is long in giving still counts when the request has been made again meanwhile.
        """
        asked: list[Any] = []
        pause = _ASK_AGAIN_SECONDS
        try:
            while (now := time.monotonic()) < deadline:
                asked.append(client.call_async(request))
                again, pause = min(now + pause, deadline), 2 * pause
                while (left := again - time.monotonic()) > 0.0:
                    self._executor.spin_once(left)
                    for future in asked:
                        if future.done():
                            return future.result()
            return None
        finally:
            for future in asked:
                if not future.done():
                    client.remove_pending_request(future)

    def _call(self, client: Any, request: Any, seconds: float) -> Any:
        future = client.call_async(request)
        self._executor.spin_until_future_complete(future, seconds)
        if future.done():
            return future.result()
        client.remove_pending_request(future)
        return None

    def _checked(self, name: str, answer: Any) -> Any:
        if not answer.success:
            raise RefusedError(answer.message)
        return answer

    def _late(self, name: str, expected: str) -> InputError:
        return InputError(
            f'service {self._target}/{name}',
            f'nothing within {self._timeout:g} s',
            expected,
            'start one (`ros2 launch xsense_ros retrieval.launch.py`), or name it with --node; '
            'ROS_DOMAIN_ID must be the same on both sides',
        )


class RefusedError(InputError):
    """What a node has answered instead of doing as it was asked; its words are the message."""

    def __init__(self, message: str) -> None:
        super().__init__('request', message, 'one that the node can fulfil', 'see its answer')
        self.message = message

    def __str__(self) -> str:
        """The node's own words: they name value, expectation and cure."""
        return self.message


def picture_sample(path: Path, modality: str = Sample.IMAGE) -> Sample:
    """A JPEG or PNG file as a sample, of a thing, of a sketch or of a gel.

    Raises:
        InputError: it is neither, or cannot be read.
    """
    kind = _PICTURES.get(path.suffix.lower())
    if kind is None:
        raise InputError('picture', str(path), 'a .jpg or .png file', 'convert it first')
    sample = Sample(modality=modality)
    sample.compressed.format = kind
    sample.compressed.data = array.array('B', file_bytes(path))
    return sample


def touch_sample(path: Path, background: Path | None, serial: str, profile: str) -> Sample:
    """A JPEG or PNG frame of a tactile sensor as a sample.

    Args:
        path: of the frame.
        background: of the same sensor without contact; None: the node has learnt it.
        serial: of the sensor unit.
        profile: kind of the sensor; '' for that of the node.

    Raises:
        InputError: a file that is neither, or cannot be read.
    """
    sample = picture_sample(path, Sample.TOUCH)
    sample.compressed.header.frame_id = serial
    sample.profile = profile
    if background is not None:
        # By its suffix, as the frame.
        compressed = picture_sample(background).compressed
        rgb = decode_compressed(compressed.data, compressed.format)
        sample.background.height, sample.background.width = rgb.shape[:2]
        sample.background.encoding, sample.background.step = 'rgb8', 3 * rgb.shape[1]
        sample.background.data = array.array('B', rgb.tobytes())
    return sample


def sound_sample(path: Path, modality: str = Sample.SOUND) -> Sample:
    """A sound file (WAV, FLAC, Ogg) as a mono sample at its own rate; InputError if it is none."""
    sound = read_sound(path)
    sample = Sample(modality=modality)
    sample.sound.sample_rate = sound.sample_rate
    sample.sound.encoding = AudioChunk.F32LE
    sample.sound.data = array.array('B', sound.samples.astype('<f4').tobytes())
    return sample


def live_sample(modality: str) -> Sample:
    """What the node has heard last in a modality, as a sample of a question. See srv/Query."""
    return Sample(modality=modality)


def text_sample(text: str) -> Sample:
    """A text as a sample."""
    sample = Sample(modality=Sample.TEXT)
    sample.text.text = text
    return sample
