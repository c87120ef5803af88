# SPDX-License-Identifier: Apache-2.0
"""The services Enroll, Forget, ListItems and Query of the retrieval node."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

from rclpy.lifecycle import LifecycleNode

from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import Item, View
from xsense_ros.gallery.media import encode_media, media_thumbnail
from xsense_ros.msg import GalleryItem
from xsense_ros.nodes.answers import gallery_item, match_array
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.sample_messages import Toucher, sample_from_message
from xsense_ros.nodes.service_thread import Service, ServiceThread, not_active
from xsense_ros.nodes.session import Session
from xsense_ros.srv import Enroll, Forget, ListItems, Query

GALLERY = 'gallery'


class ServiceHost(Toucher, Protocol):
    """What the services ask of the node."""

    @property
    def gallery(self) -> Gallery:
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
            Service(ListItems, 'list_items', self._list_items),
            Service(Query, 'query', self._query),
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
        response.gallery_version = self._host.gallery.version

    def _forget(self, request: Any, response: Any) -> None:
        self._host.gallery.forget(request.item_id)
        response.gallery_version = self._host.gallery.version

    def _list_items(self, request: Any, response: Any) -> None:
        gallery, text = self._host.gallery, request.label_contains
        items = gallery.items(containing=text, offset=request.offset, limit=request.limit)
        response.items = [self._message(item, request.thumbnails) for item in items]
        response.total = gallery.count(text)
        response.gallery_version = gallery.version

    def _query(self, request: Any, response: Any) -> None:
        session = self._active_session()
        begun = time.perf_counter()
        modality, header, sample, text = sample_from_message(request.sample, self._host)
        decoded = time.perf_counter()
        targets = request.target_modalities
        encoding = session.encode_question(modality, (sample,), targets)
        answer = session.answer(modality, encoding, targets, request.top_k)
        message = match_array(header, answer, text, session.bundle)
        message.decode_ms = (decoded - begun) * 1e3
        message.total_ms = (time.perf_counter() - begun) * 1e3
        response.answer = message

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
