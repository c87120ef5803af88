# SPDX-License-Identifier: Apache-2.0
"""What pages ask, done by the services of the retrieval node: the same pipeline as on topics."""

from __future__ import annotations

import array
import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger

from xsense_ros import __version__
from xsense_ros.dashboard.problems import Answered, Refused
from xsense_ros.dashboard.robot import Json, StoredView
from xsense_ros.dashboard.uploads import MODALITIES, PICTURES, SOUNDS, Upload
from xsense_ros.msg import AudioChunk, Sample
from xsense_ros.names import MODALITIES as SENSES
from xsense_ros.nodes.client import live_sample
from xsense_ros.nodes.dashboard.asking import Services
from xsense_ros.nodes.dashboard.memory import Memory
from xsense_ros.nodes.dashboard.settings import DashboardSettings
from xsense_ros.nodes.dashboard.telling import told_answer, told_item
from xsense_ros.srv import Enroll, Forget, GetView, ListItems, Query, Rename, Undo

PROTOCOL = 1
_PAGE, _MOST_KNOWN, _LEARN_SECONDS = 500, 20_000, 1.0
_MOST_VIEWS = 8  # of an item, that are looked through for a picture


class Retrieval:
    """The robot behind the page. See `xsense_ros.dashboard.robot.Robot`.

    Args:
        node: the dashboard.
        settings: of it.
        senses: as the page is told them.
        memory: of the gallery.
        on_version: told of the gallery's version after each change.
    """

    def __init__(
        self,
        node: Node,
        settings: DashboardSettings,
        senses: Sequence[Json],
        memory: Memory,
        on_version: Callable[[int], None],
    ) -> None:
        self._namespace = node.get_namespace()
        self._settings = settings
        self._senses = list(senses)
        self._memory = memory
        self._on_version = on_version
        self._services = Services(node, settings.retrieval, settings.timeout)
        self._stamp = lambda: node.get_clock().now().to_msg()
        self.numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._learning: asyncio.Task[None] | None = None
        self._again = False
        self._learnt: int | None = None  # version of the gallery whose items are all known

    def hello(self) -> Json:
        """See `Robot`."""
        self._loop = asyncio.get_running_loop()
        if self._learnt is None or self._learnt != self._memory.version:
            self._learn_soon()
        limits = self._settings.limits
        return {
            'type': 'hello',
            'protocol': PROTOCOL,
            'version': __version__,
            'namespace': self._namespace,
            'senses': self._senses,
            'query': list(MODALITIES),
            'enrol': list(MODALITIES),
            'live': list(SENSES),
            'map': True,
            'read_only': False,
            'limits': {
                'upload_bytes': limits.max_bytes,
                'max_pixels': limits.max_pixels,
                'max_seconds': limits.max_seconds,
                'max_text': limits.max_text,
                'max_files': limits.max_files,
            },
        }

    async def query(
        self, samples: Sequence[Upload], live: Sequence[str], targets: Sequence[str], top_k: int
    ) -> Json:
        """See `Robot`."""
        asked = [self._sample(sample) for sample in samples]
        first, *also = asked + [live_sample(sense) for sense in live]
        request = Query.Request(
            sample=first, also=also, target_modalities=list(targets), top_k=top_k
        )
        answer = (await self._services.ask('query', request)).answer
        return told_answer(answer, next(self.numbers), self._memory.views)

    async def enroll(
        self, label: str, item_id: str, samples: Sequence[Upload], live: Sequence[str]
    ) -> Json:
        """See `Robot`."""
        request = Enroll.Request(
            label=label, item_id=item_id, live_modalities=list(live),
            views=[self._sample(sample) for sample in samples],
        )  # fmt: skip
        return self._changed(await self._services.change('enroll', request))

    async def rename(self, item_id: str, label: str) -> Json:
        """See `Robot`."""
        request = Rename.Request(item_id=item_id, label=label)
        return self._changed(await self._services.change('rename', request))

    async def forget(self, item_id: str) -> Json:
        """See `Robot`."""
        return self._changed(
            await self._services.change('forget', Forget.Request(item_id=item_id))
        )

    async def undo(self, gallery_version: int) -> Json:
        """See `Robot`."""
        request = Undo.Request(gallery_version=gallery_version)
        try:
            return self._changed(await self._services.change('undo', request))
        except Answered as refusal:
            # Nothing is wrong with the request: somebody has changed the same thing since.
            refusal.status = 409 if refusal.status == 400 else refusal.status
            raise

    async def items(self, offset: int, limit: int, contains: str) -> Json:
        """See `Robot`."""
        request = ListItems.Request(
            label_contains=contains, offset=offset, limit=limit, thumbnails=True
        )
        answer = await self._services.ask('list_items', request)
        self._memory.learn(answer.items, answer.gallery_version, pictured=True)
        return {
            'items': [told_item(item) for item in answer.items],
            'total': answer.total,
            'version': answer.gallery_version,
        }

    async def map(self) -> Json:
        """See `Robot`."""
        told: Json = json.loads((await self._services.ask('map', Trigger.Request())).message)
        return told

    async def view(self, item_id: str, number: int) -> StoredView:
        """See `Robot`."""
        request = GetView.Request(item_id=item_id, view=number)
        try:
            answer = await self._services.ask('get_view', request)
        except Answered as refusal:
            refusal.status = 404 if refusal.status == 400 else refusal.status
            raise
        return StoredView(
            answer.modality, answer.media_type, bytes(answer.media), bytes(answer.thumbnail.data)
        )

    async def thumbnail(self, item_id: str) -> bytes:
        """See `Robot`."""
        known = self._memory.thumbnail(item_id)
        if known is not None:
            return known
        version, found = self._memory.version, b''
        # The newest picture, as in lists; where its views are not known, the first one.
        views = self._memory.views(item_id)
        numbers = range(len(views) - 1, -1, -1) if views else range(_MOST_VIEWS)
        for number in list(numbers)[:_MOST_VIEWS]:
            try:
                found = (await self.view(item_id, number)).thumbnail
            except Answered:
                if number == numbers[0]:
                    raise
                break
            if found:
                break
        self._memory.picture(item_id, found, version)
        return found

    def learn_soon(self) -> None:
        """The gallery has changed: learn again what its items are made of; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                self._loop.call_soon_threadsafe(self._learn_soon)

    def _learn_soon(self) -> None:
        self._again = True
        if self._learning is None or self._learning.done():
            self._learning = asyncio.ensure_future(self._learn())

    async def _learn(self) -> None:
        """Once for all changes that come together."""
        while self._again:
            self._again = False
            known: set[str] = set()
            total = 1
            while len(known) < min(total, _MOST_KNOWN):
                request = ListItems.Request(offset=len(known), limit=_PAGE)
                try:
                    answer = await self._services.ask('list_items', request)
                except Refused:
                    return  # the next answer of a node that is back tells its version
                self._memory.learn(answer.items, answer.gallery_version)
                found = {item.item_id for item in answer.items} - known
                known |= found
                total = answer.total if found else 0
            self._memory.keep_only(known)
            self._learnt = self._memory.version
            await asyncio.sleep(_LEARN_SECONDS)

    def _changed(self, answer: Any) -> Json:
        told: Json = {'version': answer.gallery_version}
        if hasattr(answer, 'item'):
            told['item'] = told_item(answer.item)
        if hasattr(answer, 'undone'):
            told['undone'] = answer.undone
        self._on_version(answer.gallery_version)
        return told

    def _sample(self, upload: Upload) -> Any:
        sample, value = Sample(modality=upload.modality), upload.value
        if upload.modality in PICTURES:
            assert isinstance(value, bytes)
            sample.compressed.header.stamp = self._stamp()
            sample.compressed.format = 'png'
            sample.compressed.data = array.array('B', value)
        elif upload.modality in SOUNDS:
            assert not isinstance(value, (bytes, str))
            sample.sound.header.stamp = self._stamp()
            sample.sound.sample_rate = value.sample_rate
            sample.sound.encoding = AudioChunk.F32LE
            sample.sound.data = array.array('B', value.samples.astype('<f4').tobytes())
        else:
            sample.text.header.stamp = self._stamp()
            sample.text.text = str(value)
        return sample
