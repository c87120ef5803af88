# SPDX-License-Identifier: Apache-2.0
"""Mailboxes: the newest replaces the one before, and one encoding serves everybody."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.unit.dashboard.pages import scene
from xsense_ros.dashboard.hub import Browser, Hub
from xsense_ros.dashboard.painter import Frame, Painter
from xsense_ros.dashboard.problems import Refused
from xsense_ros.dashboard.tiles import Picture, camera_picture, split_tile

BROWSERS = 10


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def tiles(hub: Hub, browser: Browser) -> list[bytes]:
    return [mail for mail in hub.collect(browser) if isinstance(mail, bytes)]


def news(hub: Hub, browser: Browser) -> list[dict]:
    return [json.loads(mail) for mail in hub.collect(browser) if isinstance(mail, str)]


def soon(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class TestHub:
    def test_a_page_sees_no_tile_that_it_does_not_watch(self, loop) -> None:
        hub = Hub(['camera', 'touch'])
        page = hub.join(loop)
        assert hub.watched() == frozenset() and not hub.wants('camera')
        hub.watch(page, ['camera', 'unknown'])
        assert hub.watched() == {'camera'}
        hub.show('touch', b'0')
        hub.show('camera', b'1')
        assert tiles(hub, page) == [b'1']
        hub.watch(page, [])
        hub.show('camera', b'2')
        assert tiles(hub, page) == []

    def test_the_next_tile_comes_after_the_acknowledgement_and_is_the_newest(self, loop) -> None:
        hub = Hub(['camera'])
        page = hub.join(loop)
        hub.watch(page, ['camera'])
        for number in range(5):
            hub.show('camera', b'%d' % number)
        assert tiles(hub, page) == [b'0'] and not hub.wants('camera')
        hub.acknowledge(page, 'camera')
        assert tiles(hub, page) == [b'4']
        hub.acknowledge(page, 'camera')
        assert tiles(hub, page) == [] and hub.wants('camera')  # nothing that it has not seen

    def test_who_comes_to_a_tile_sees_what_others_see_and_nothing_old(self, loop) -> None:
        hub = Hub(['camera'])
        first, second = hub.join(loop), hub.join(loop)
        hub.watch(first, ['camera'])
        hub.show('camera', b'1')
        hub.watch(second, ['camera'])
        assert tiles(hub, second) == [b'1']
        for page in (first, second):
            hub.watch(page, [])
        hub.watch(second, ['camera'])
        assert tiles(hub, second) == [] and hub.wants('camera')

    def test_an_acknowledgement_that_was_not_due_gives_nothing(self, loop) -> None:
        hub = Hub(['camera'])
        page = hub.join(loop)
        for tile in ('camera', 'unknown', ''):
            hub.acknowledge(page, tile)
        assert not hub.wants('camera') and tiles(hub, page) == []

    def test_states_replace_and_answers_queue_up_to_a_few(self, loop) -> None:
        hub = Hub()
        page = hub.join(loop)
        for number in range(100):
            hub.tell({'type': 'state', 'number': number}, 'state')
            hub.tell({'type': 'answer', 'id': number})
        told = news(hub, page)
        assert [m['number'] for m in told if m['type'] == 'state'] == [99]
        assert [m['id'] for m in told if m['type'] == 'answer'] == list(range(84, 100))
        assert news(hub, page) == []

    def test_who_comes_later_is_told_what_is_known(self, loop) -> None:
        hub = Hub()
        hub.tell({'type': 'rates'}, 'rates')
        hub.tell({'type': 'state'}, 'state', late=True)
        for number in range(9):
            hub.tell({'type': 'answer', 'id': number})
        told = news(hub, hub.join(loop))
        assert [m.get('id', 'state') for m in told] == ['state', 4, 5, 6, 7, 8]

    def test_the_number_of_pages_is_limited(self, loop) -> None:
        hub = Hub(most_browsers=2)
        first, _ = hub.join(loop), hub.join(loop)
        with pytest.raises(Refused, match='connected browsers') as caught:
            hub.join(loop)
        assert caught.value.status == 503
        hub.leave(first)
        hub.join(loop)
        assert hub.browsers == 2

    def test_numbers_that_json_does_not_know_are_a_bug(self, loop) -> None:
        with pytest.raises(ValueError):
            Hub().tell({'type': 'rates', 'hz': float('nan')}, 'rates')

    def test_a_server_that_has_ended_harms_nobody(self) -> None:
        gone = asyncio.new_event_loop()
        hub = Hub()
        hub.join(gone)
        gone.close()
        hub.tell({'type': 'answer'})


class TestPainter:
    @pytest.fixture
    def hub(self) -> Hub:
        return Hub(['camera', 'touch'])

    @pytest.fixture
    def painter(self, hub: Hub) -> Iterator[Painter]:
        self.errors: list[tuple[str, Exception]] = []
        painter = Painter(hub, lambda *found: self.errors.append(found), max_rate=120.0)
        painter.start()
        yield painter
        painter.stop()

    def frame(self, number: int, painted: list[int]) -> Frame:
        def paint() -> Picture:
            painted.append(number)
            return camera_picture(scene(seed=number), 32)

        return Frame('camera', float(number), paint)

    def test_ten_browsers_cost_one_encoding(self, hub: Hub, painter: Painter, loop) -> None:
        pages = [hub.join(loop) for _ in range(BROWSERS)]
        for page in pages:
            hub.watch(page, hub.tiles)
        painted: list[int] = []
        for number in range(1, 6):
            painter.offer('camera', self.frame(number, painted))
            soon(lambda number=number: painter.encoded['camera'] == number)
            got = [tiles(hub, page) for page in pages]
            assert all(len(one) == 1 and one[0] is got[0][0] for one in got)
            assert split_tile(got[0][0])[0]['stamp'] == number
            for page in pages:
                hub.acknowledge(page, 'camera')
        assert painted == [1, 2, 3, 4, 5] and painter.encoded == {'camera': 5, 'touch': 0}

    def test_nobody_looking_costs_nothing(self, hub: Hub, painter: Painter, loop) -> None:
        painted: list[int] = []
        painter.offer('camera', self.frame(1, painted))
        page = hub.join(loop)
        hub.watch(page, ['touch'])
        painter.offer('camera', self.frame(2, painted))
        painter.offer('touch', self.frame(3, painted))
        soon(lambda: painter.encoded['touch'])
        assert painted == [3]

    def test_a_page_that_acknowledges_nothing_slows_nobody(
        self, hub: Hub, painter: Painter, loop
    ) -> None:
        stuck, quick = hub.join(loop), hub.join(loop)
        for page in (stuck, quick):
            hub.watch(page, ['camera'])
        painted: list[int] = []
        for number in range(1, 21):
            painter.offer('camera', self.frame(number, painted))
            soon(lambda number=number: painter.encoded['camera'] == number)
            assert len(tiles(hub, quick)) == 1
            hub.acknowledge(quick, 'camera')
        assert len(stuck.tiles) == 1 and stuck.dropped == 19  # its mailbox holds one tile

    def test_the_newest_waits_for_who_can_take_it(self, hub: Hub, painter: Painter, loop) -> None:
        page = hub.join(loop)
        hub.watch(page, ['camera'])
        painted: list[int] = []
        painter.offer('camera', self.frame(1, painted))
        soon(lambda: painted)
        for number in range(2, 50):
            painter.offer('camera', self.frame(number, painted))
        soon(lambda: tiles(hub, page))
        hub.acknowledge(page, 'camera')
        soon(lambda: len(painted) > 1)
        assert painted == [1, 49]

    def test_a_frame_that_cannot_be_shown_is_told_and_the_rest_goes_on(
        self, hub: Hub, painter: Painter, loop
    ) -> None:
        page = hub.join(loop)
        hub.watch(page, ['camera'])

        def broken() -> Picture:
            raise ValueError('no frame')

        painter.offer('camera', Frame('camera', 0.0, broken))
        soon(lambda: self.errors)
        painter.offer('camera', Frame('camera', 0.0, lambda: None))
        painter.offer('camera', self.frame(1, []))
        soon(lambda: painter.encoded['camera'] == 1)
        assert self.errors[0][0] == 'camera' and len(tiles(hub, page)) == 1

    def test_a_tile_is_painted_no_more_often_than_allowed(self, hub: Hub, loop) -> None:
        page = hub.join(loop)
        hub.watch(page, ['camera'])
        painter = Painter(hub, lambda *found: None, max_rate=20.0)
        painter.start()
        painted: list[int] = []
        stop = threading.Event()

        def feed() -> None:
            number = 0
            while not stop.wait(0.002):
                number += 1
                painter.offer('camera', self.frame(number, painted))
                hub.acknowledge(page, 'camera')

        thread = threading.Thread(target=feed)
        begin = time.monotonic()
        thread.start()
        soon(lambda: len(painted) >= 5)
        stop.set()
        thread.join()
        painter.stop()
        elapsed = time.monotonic() - begin
        assert len(painted) <= 1 + np.ceil(elapsed * 20.0)
