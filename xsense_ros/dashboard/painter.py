# SPDX-License-Identifier: Apache-2.0
"""A thread that turns the newest frames into tiles, when and only when somebody will look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.tiles import Picture, encode_tile


@dataclass(frozen=True)
class Frame:
    """The newest frame of a tile, not yet decoded.

    Args:
        kind: of the tile.
        stamp: [s].
        paint: decodes it, in the painter's thread; None where there is nothing to show.
    """

    kind: str
    stamp: float
    paint: Callable[[], Picture | None]


class Painter:
    """Encodes each frame at most once, however many browsers look.

    Args:
        hub: gets the tiles, and says which are wanted.
        on_error: told of the tile and of an exception of its frame; the thread goes on.
        max_rate: of one tile [Hz].
        quality: of the JPEGs, 1 to 100.
    """

    def __init__(
        self,
        hub: Hub,
        on_error: Callable[[str, Exception], None],
        max_rate: float = 15.0,
        quality: int = 75,
    ) -> None:
        self._hub = hub
        self._on_error = on_error
        self._interval = 1.0 / max_rate
        self._quality = quality
        self._wake = threading.Condition()
        self._newest: dict[str, Frame] = {}
        self._due: dict[str, float] = {}
        self._stopping = False
        self.encoded: dict[str, int] = dict.fromkeys(hub.tiles, 0)
        self._thread = threading.Thread(target=self._run, name='xsense-tiles', daemon=True)
        hub.on_demand(self._look)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the tile in work and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def offer(self, tile: str, frame: Frame) -> None:
        """Leave the newest frame of a tile; it replaces one that waits. Returns at once."""
        with self._wake:
            self._newest[tile] = frame
            self._wake.notify()

    def _look(self) -> None:
        with self._wake:
            self._wake.notify()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            tile, frame = work
            try:
                picture = frame.paint()
                if picture is not None:
                    data = encode_tile(tile, frame.kind, frame.stamp, picture, self._quality)
                    self.encoded[tile] = self.encoded.get(tile, 0) + 1
                    self._hub.show(tile, data)
            except Exception as error:
                self._on_error(tile, error)

    def _next(self) -> tuple[str, Frame] | None:
        """The frame that has been due for longest; None at the end."""
        with self._wake:
            while not self._stopping:
                watched = self._hub.watched()
                for tile in [tile for tile in self._newest if tile not in watched]:
                    del self._newest[tile]  # nobody looks: it would be old when somebody does
                wanted = [tile for tile in self._newest if self._hub.wants(tile)]
                if not wanted:
                    self._wake.wait()
                    continue
                tile = min(wanted, key=lambda name: self._due.get(name, 0.0))
                now = time.monotonic()
                pause = self._due.get(tile, 0.0) - now
                if pause > 0.0:
                    self._wake.wait(pause)
                    continue
                self._due[tile] = now + self._interval
                return tile, self._newest.pop(tile)
            return None
