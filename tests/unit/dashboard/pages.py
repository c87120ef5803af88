# SPDX-License-Identifier: Apache-2.0
"""A robot for the page's server that keeps what it is asked, and files to send."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray

from xsense_ros.dashboard.problems import Answered
from xsense_ros.dashboard.robot import StoredView
from xsense_ros.dashboard.uploads import Upload
from xsense_ros.errors import InputError


@dataclass
class KeepingRobot:
    """Answers with what it was asked; remembers views by item."""

    asked: list[Any] = field(default_factory=list)
    views: dict[str, list[StoredView]] = field(default_factory=dict)

    def hello(self) -> dict[str, Any]:
        return {'type': 'hello'}

    async def query(
        self, samples: Sequence[Upload], live: Sequence[str], targets: Sequence[str], top_k: int
    ) -> Any:
        self.asked.append((list(samples), list(live), list(targets), top_k))
        return {'type': 'answer', 'senses': [*(sample.modality for sample in samples), *live]}

    async def enroll(
        self, label: str, item_id: str, samples: Sequence[Upload], live: Sequence[str]
    ) -> Any:
        self.asked.append((label, item_id, list(samples), list(live)))
        return {'item': {'label': label}, 'version': 1}

    async def rename(self, item_id: str, label: str) -> Any:
        self._known(item_id)
        self.asked.append((item_id, label))
        return {'version': 2}

    async def forget(self, item_id: str) -> Any:
        self._known(item_id)
        del self.views[item_id]
        return {'version': 3}

    async def undo(self, gallery_version: int) -> Any:
        return {'undone': 'nothing', 'version': gallery_version}

    async def items(self, offset: int, limit: int, contains: str) -> Any:
        return {'items': [], 'total': 0, 'asked': [offset, limit, contains]}

    async def map(self) -> Any:
        return {'version': 1, 'spaces': []}

    async def view(self, item_id: str, number: int) -> StoredView:
        return self._known(item_id)[number]

    async def thumbnail(self, item_id: str) -> bytes:
        return self._known(item_id)[0].thumbnail

    def _known(self, item_id: str) -> list[StoredView]:
        if item_id not in self.views:
            raise Answered(str(InputError('item_id', item_id, 'a remembered item', 'list them')))
        return self.views[item_id]


def scene(rows: int = 48, columns: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """A picture with structure, uint8 (rows, columns, 3)."""
    noise = np.random.default_rng(seed).integers(0, 256, (rows // 8, columns // 8, 3), np.uint8)
    return cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC)


def picture_file(kind: str = '.png', **size: int) -> bytes:
    return cv2.imencode(kind, scene(**size))[1].tobytes()


def sound_file(kind: str = 'WAV', seconds: float = 0.25, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(file, tone, rate, format=kind)
    return file.getvalue()
