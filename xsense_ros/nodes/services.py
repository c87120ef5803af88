# SPDX-License-Identifier: Apache-2.0
"""The services of the retrieval node, and what each does."""

from __future__ import annotations

import array
import threading
import time
from collections.abc import Sequence
from typing import Any, Protocol

from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from xsense_ros.errors import InputError
from xsense_ros.gallery.item import Item, View
from xsense_ros.gallery.media import encode_media, media_thumbnail
from xsense_ros.gallery.protocol import GalleryLike
from xsense_ros.msg import GalleryItem, Sample
from xsense_ros.names import HEARD_NOW
from xsense_ros.nodes.answers import gallery_item, jpeg, match_array
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.gallery_map import map_json
from xsense_ros.nodes.sample_messages import Toucher, sample_from_message
from xsense_ros.nodes.service_thread import Service, ServiceThread, not_active
from xsense_ros.nodes.session import Session
from xsense_ros.retrieval import Answer
from xsense_ros.srv import Enroll, Forget, GetView, ListItems, Query, Rename, Undo

GALLERY = 'gallery'


class ServiceHost(Toucher, Protocol):
    """What the services ask of the node."""

    @property
    def gallery(self) -> GalleryLike:
        """The open gallery."""
        ...

    @property
    def session(self) -> Session | None:
        """The models; None while the node is inactive."""
        ...

    @property
    def keep_media(self) -> bool:
        """Whether samples of enrolled views are kept."""
        ...

    def latest_sample(self, modality: str) -> Any:
        """The newest sample heard; InputError where there is none."""
        ...


class Services(ServiceThread):
    """Serves the gallery until closed.

    Args:
        node: under whose name the services appear.
        host: what they work on.
        faults: failures are shown in diagnostics too.
        guard: held during each service, so that no model vanishes under it.
    """

    def __init__(
        self,
        node: LifecycleNode,
        host: ServiceHost,
        faults: FaultRegistry,
        guard: threading.Lock,
    ) -> None:
        self._host = host
        services = (
            Service(Enroll, 'enroll', self._enroll),
            Service(Forget, 'forget', self._forget),
            Service(Rename, 'rename', self._rename),
            Service(Undo, 'undo', self._undo),
            Service(ListItems, 'list_items', self._list_items),
            Service(GetView, 'get_view', self._get_view),
            Service(Query, 'query', self._query),
            Service(Trigger, 'map', self._map),
        )
        super().__init__(node, services, faults, GALLERY, guard)

    def _enroll(self, request: Any, response: Any) -> None:
        session = self._active_session()
        samples = [sample_from_message(sample, self._host)[::2] for sample in request.views]
        samples += [(name, self._host.latest_sample(name)) for name in request.live_modalities]
        # Everything is encoded before anything is stored: an enrolment is whole or not at all.
        views = [self._view(session, modality, sample) for modality, sample in samples]
        item = self._host.gallery.enroll(request.label, views, request.item_id or None)
        response.item = self._message(item, thumbnails=True)
        response.gallery_version = item.changed

    def _forget(self, request: Any, response: Any) -> None:
        response.gallery_version = self._host.gallery.forget(request.item_id)

    def _rename(self, request: Any, response: Any) -> None:
        item = self._host.gallery.rename(request.item_id, request.label)
        response.item = self._message(item, thumbnails=True)
        response.gallery_version = item.changed

    def _undo(self, request: Any, response: Any) -> None:
        undone = self._host.gallery.undo(request.gallery_version)
        response.undone = undone.what
        response.gallery_version = undone.version

    def _list_items(self, request: Any, response: Any) -> None:
        gallery, text = self._host.gallery, request.label_contains
        items = gallery.items(containing=text, offset=request.offset, limit=request.limit)
        response.items = [self._message(item, request.thumbnails) for item in items]
        response.total = gallery.count(text)
        response.gallery_version = gallery.version

    def _get_view(self, request: Any, response: Any) -> None:
        view = self._host.gallery.view(request.item_id, request.view)
        response.modality, response.media_type = view.modality, view.media_type
        if view.media is not None:
            response.media = array.array('B', view.media)
        response.thumbnail = jpeg(view.thumbnail)

    def _query(self, request: Any, response: Any) -> None:
        session = self._active_session()
        begun = time.perf_counter()
        given = (request.sample, *request.also)
        _check_senses([sample.modality for sample in given])
        samples = [self._asked(sample) for sample in given]
        decoded = time.perf_counter()
        answer = self._answer(session, samples, request.target_modalities, request.top_k)
        # Of several samples the newest tells when it was.
        header = max((found[1] for found in samples), key=lambda h: stamp_to_ns(h.stamp))
        text = ' '.join(found[3] for found in samples if found[3])
        message = match_array(header, answer, text, session.bundle)
        message.decode_ms = (decoded - begun) * 1e3
        message.total_ms = (time.perf_counter() - begun) * 1e3
        response.answer = message

    def _asked(self, sample: Sample) -> tuple[str, Any, Any, str]:
        """As `sample_from_message`; a sample that is left empty is the newest that was heard."""
        modality = sample.modality
        if modality in HEARD_NOW and sample == Sample(modality=modality):
            # When it was heard is not known here; a time is not made up.
            return modality, Header(), self._host.latest_sample(modality), ''
        return sample_from_message(sample, self._host)

    def _answer(
        self,
        session: Session,
        samples: Sequence[tuple[str, Any, Any, str]],
        targets: Sequence[str],
        top_k: int,
    ) -> Answer:
        """Of one sample, or of several of one event, each of another sense."""
        asked = {modality: sample for modality, _, sample, _ in samples}
        if len(asked) == 1:
            ((modality, sample),) = asked.items()
            encoding = session.encode_question(modality, (sample,), targets)
            return session.answer(modality, encoding, targets, top_k)
        wanted = session.joint_targets(list(asked), targets)
        encodings = {
            modality: session.encode_question(modality, (sample,), wanted[modality])
            for modality, sample in asked.items()
        }
        return session.answer_together(encodings, targets, top_k)

    def _map(self, request: Any, response: Any) -> None:
        session = self._active_session()
        response.message = map_json(self._host.gallery, session.encoder.spaces)

    def _view(self, session: Session, modality: str, sample: Any) -> View:
        media, media_type = encode_media(modality, sample) if self._host.keep_media else (None, '')
        return View(
            modality=modality,
            vectors=session.encode(modality, (sample,)).vectors,
            media=media,
            media_type=media_type,
            thumbnail=media_thumbnail(modality, sample),
        )

    def _message(self, item: Item, thumbnails: bool) -> GalleryItem:
        picture = self._host.gallery.thumbnail(item.item_id) if thumbnails else None
        return gallery_item(item, picture)

    def _active_session(self) -> Session:
        session = self._host.session
        if session is None:
            raise not_active()
        return session


def _check_senses(asked: Sequence[str]) -> None:
    """InputError for samples of one sense, before any of them is decoded."""
    if len(set(asked)) < len(asked):
        cure = 'ask apart, or enrol both as views'
        raise InputError('samples of one event', list(asked), 'each of another sense', cure)
