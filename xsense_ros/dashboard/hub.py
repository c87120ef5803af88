# SPDX-License-Identifier: Apache-2.0
"""Between the robot and the browsers: everything is encoded once, and nobody waits for anybody.

Each browser has a mailbox in which the newest of a kind replaces the one before. A tile goes to a
browser only after it has acknowledged the one before, so a slow browser sees fewer frames, and one
that reads nothing costs its mailbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from xsense_ros.dashboard.problems import Refused

_ANSWERS = 16  # that may wait for one browser
_REMEMBERED = 5  # answers that a browser sees which comes later


class Browser:
    """The mailbox of one connected page. Its fields are guarded by the hub's lock.

    Args:
        loop: on which its sender runs.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.watched: frozenset[str] = frozenset()
        self.credit: set[str] = set()
        self.tiles: dict[str, bytes] = {}
        self.seen: dict[str, int] = {}
        self.news: dict[str, str] = {}
        self.answers: deque[str] = deque(maxlen=_ANSWERS)
        self.dropped = 0
        self._loop = loop
        self._ready = asyncio.Event()
        self._flagged = False

    def wake(self) -> None:
        """Let the sender look into the mailbox; from any thread, with the hub's lock."""
        if not self._flagged:
            self._flagged = True
            with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
                self._loop.call_soon_threadsafe(self._ready.set)

    def unflag(self) -> None:
        """The mailbox is about to be emptied; with the hub's lock."""
        self._flagged = False
        self._ready.clear()

    async def news_come(self) -> None:
        """Until there may be something in the mailbox."""
        await self._ready.wait()


class Hub:
    """Takes what the robot's side shows, from any thread, and hands it to every browser.

    Args:
        tiles: names of all tiles.
        most_browsers: that may be connected at once.
    """

    def __init__(self, tiles: Iterable[str] = (), most_browsers: int = 32) -> None:
        self.tiles = tuple(tiles)
        self._most = most_browsers
        self._lock = threading.Lock()
        self._browsers: set[Browser] = set()
        self._shown = 0
        self._last_tiles: dict[str, tuple[int, bytes]] = {}
        self._last_news: dict[str, str] = {}
        self._last_answers: deque[str] = deque(maxlen=_REMEMBERED)
        self._on_demand: Callable[[], None] = lambda: None

    def on_demand(self, call: Callable[[], None]) -> None:
        """Call this, from any thread, when tiles are wanted that were not."""
        self._on_demand = call

    @property
    def browsers(self) -> int:
        """Connected now."""
        return len(self._browsers)

    @property
    def dropped(self) -> int:
        """Tiles and answers that the connected browsers were too slow for."""
        with self._lock:
            return sum(browser.dropped for browser in self._browsers)

    def watched(self) -> frozenset[str]:
        """Tiles that somebody looks at."""
        with self._lock:
            return frozenset().union(*(browser.watched for browser in self._browsers))

    def wants(self, tile: str) -> bool:
        """Whether somebody would take this tile now."""
        with self._lock:
            return any(tile in browser.credit for browser in self._browsers)

    def join(self, loop: asyncio.AbstractEventLoop) -> Browser:
        """A page has connected; it is told what was told last, and shows no tile yet.

        Raises:
            Refused: there are as many as there may be (503).
        """
        browser = Browser(loop)
        with self._lock:
            if len(self._browsers) >= self._most:
                raise Refused(
                    503, 'connected browsers', self._most, f'at most {self._most}',
                    'close a page, or raise max_browsers of the dashboard',
                )  # fmt: skip
            self._browsers.add(browser)
            browser.news.update(self._last_news)
            browser.answers.extend(self._last_answers)
            browser.wake()
        return browser

    def leave(self, browser: Browser) -> None:
        """A page has gone."""
        with self._lock:
            self._browsers.discard(browser)
            self._drop_unwatched()
        self._on_demand()

    def watch(self, browser: Browser, tiles: Iterable[str]) -> None:
        """A page looks at these tiles, and no others; it is shown at once what others see."""
        with self._lock:
            before, browser.watched = browser.watched, frozenset(tiles) & frozenset(self.tiles)
            browser.credit &= browser.watched
            for tile in before - browser.watched:
                browser.tiles.pop(tile, None)
            for tile in browser.watched - before:
                browser.credit.add(tile)
                number, data = self._last_tiles.get(tile, (0, b''))
                if number:
                    self._post(browser, tile, number, data)
            self._drop_unwatched()
        self._on_demand()

    def acknowledge(self, browser: Browser, tile: str) -> None:
        """A page has drawn a tile and may have the next."""
        with self._lock:
            if tile not in browser.watched:
                return
            browser.credit.add(tile)
            number, data = self._last_tiles.get(tile, (0, b''))
            if number > browser.seen.get(tile, 0):
                self._post(browser, tile, number, data)
                return
        self._on_demand()

    def show(self, tile: str, data: bytes) -> None:
        """A newly encoded tile, for all who may have it."""
        with self._lock:
            if not any(tile in browser.watched for browser in self._browsers):
                return  # the last one has just gone
            self._shown += 1
            number = self._shown
            self._last_tiles[tile] = (number, data)
            for browser in self._browsers:
                if tile in browser.credit:
                    self._post(browser, tile, number, data)
                elif tile in browser.watched:
                    browser.dropped += 1

    def tell(self, message: dict[str, Any], key: str = '', *, late: bool = False) -> None:
        """JSON for every browser.

        Args:
            message: with its 'type'.
            key: the newest of a key replaces the one before; '' for what must not be replaced,
                of which the newest few are kept.
            late: who comes later is told the newest of this key, too.
        """
        text = json.dumps(message, ensure_ascii=False, allow_nan=False)
        with self._lock:
            if late:
                self._last_news[key] = text
            elif not key:
                self._last_answers.append(text)
            for browser in self._browsers:
                if key:
                    browser.news[key] = text
                else:
                    browser.dropped += len(browser.answers) == _ANSWERS
                    browser.answers.append(text)
                browser.wake()

    def collect(self, browser: Browser) -> list[str | bytes]:
        """Everything in a mailbox, which is then empty."""
        with self._lock:
            browser.unflag()
            mail: list[str | bytes] = [
                *browser.news.values(),
                *browser.answers,
                *browser.tiles.values(),
            ]
            browser.news.clear()
            browser.answers.clear()
            browser.tiles.clear()
            return mail

    def _drop_unwatched(self) -> None:
        """An old picture must not pass for a live one when somebody looks again."""
        watched = frozenset[str]().union(*(browser.watched for browser in self._browsers))
        for tile in self._last_tiles.keys() - watched:
            del self._last_tiles[tile]

    def _post(self, browser: Browser, tile: str, number: int, data: bytes) -> None:
        browser.credit.discard(tile)
        browser.seen[tile] = number
        browser.tiles[tile] = data
        browser.wake()
