# SPDX-License-Identifier: Apache-2.0
"""The page as people use it: the nodes behind it, its windows, and hands that draw and drop."""

from __future__ import annotations

import base64
import gc
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import rclpy
from numpy.typing import NDArray
from playwright.sync_api import expect
from xsense_ros.srv import Forget, ListItems

from tests.e2e.conftest import SECONDS
from tests.ros.harness import Operator, Robot
from tests.ros.paging import Dashboard
from tests.toy import STROKES, WORDS

if TYPE_CHECKING:
    from typing_extensions import Self

expect.set_options(timeout=1000 * SECONDS)

DESK = {'width': 1440, 'height': 900}
PHONE = {'width': 390, 'height': 844}


class Site:
    """A robot and its dashboard, each of which can end and begin again; a context manager.

    Args:
        bundles: that the robot loads.
    """

    def __init__(self, *bundles: Path) -> None:
        self._bundles = [str(bundle) for bundle in bundles]
        self._robot_stack, self._page_stack = ExitStack(), ExitStack()
        self._context = rclpy.Context()
        self._profile: Any = None
        self.robot: Robot
        self.dashboard: Dashboard

    def __enter__(self) -> Self:
        try:
            self.start_robot()
            self.namespace = self.robot.namespace
            rclpy.init(context=self._context)
            self.start_dashboard()
        except BaseException:
            self.__exit__()  # participants that stay hide those of later tests from discovery
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._profile:
            self._profile.close()
        self.stop_dashboard()
        self.stop_robot()
        self._context.try_shutdown()

    @property
    def operator(self) -> Operator:
        """Publishes what the robot senses."""
        return self.robot.operator

    def start_robot(self, namespace: str = '') -> None:
        """Bring it up, and show it the three toy things."""
        robot = Robot(Path(self._bundles[0]), namespace=namespace, bundles=self._bundles)
        self.robot = self._robot_stack.enter_context(robot)
        self.robot.lifecycle.bring_up()
        self.robot.operator.enroll(*WORDS)

    def tidy(self) -> None:
        """Let it forget all but the three toy things, whatever an earlier test has left."""
        known = self.operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
        for item in known.items:
            if item.item_id not in WORDS:
                request = Forget.Request(item_id=item.item_id)
                assert self.operator.call(Forget, 'retrieval/forget', request).success

    def stop_robot(self) -> None:
        """End it."""
        self._robot_stack.close()
        # Its participant leaves now: where it leaves while its successor comes, that may not be
        # discovered for as long as a lease lasts (20 s).
        vars(self).pop('robot', None)
        gc.collect()

    def start_dashboard(self, port: int = 0) -> None:
        """Serve the page; it has a DDS context of its own and outlives the robot."""
        place: Any = SimpleNamespace(context=self._context, namespace=self.namespace)
        self.dashboard = self._page_stack.enter_context(Dashboard(place, port=port))
        self.await_answers()

    def await_answers(self) -> None:
        """Until the dashboard and the robot have found each other, and questions are answered."""
        self.dashboard.await_robot()

    def stop_dashboard(self) -> None:
        """Serve it no longer."""
        self._page_stack.close()

    def profile(self, browser: Any) -> Any:
        """A browser profile that all tests share: a new one for each would cost too much."""
        self._profile = self._profile or browser.new_context(viewport=DESK)
        return self._profile

    @property
    def url(self) -> str:
        """Of the page."""
        return self.dashboard.node.server.url


class Windows:
    """Windows of a browser that look at a site; at the end none may have told an error.

    Args:
        browser: Playwright's.
        site: that is looked at.
    """

    def __init__(self, browser: Any, site: Site) -> None:
        self._browser = browser
        self._site = site
        self._stack = ExitStack()
        self.errors: list[str] = []
        self.expected: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._stack.close()
        if kind is None:
            told = [e for e in self.errors if not any(word in e for word in self.expected)]
            assert not told, told

    def open(self, view: str = 'live', *, size: dict[str, int] = DESK, **options: Any) -> Any:
        """A window with the page, once it is connected."""
        page = self._stack.enter_context(self._context(size, options).new_page())
        page.set_default_timeout(1000 * SECONDS)
        page.on('console', self._hear)
        page.on('pageerror', lambda error: self.errors.append(f'{error}\n{error.stack}'))
        page.goto(f'{self._site.url}#{view}')
        expect(page.get_by_role('status').filter(has_text='live')).to_be_visible()
        return page

    def _context(self, size: dict[str, int], options: dict[str, Any]) -> Any:
        """The site's own profile for ordinary windows, a new one for others."""
        if size is DESK and not options:
            return self._site.profile(self._browser)
        return self._stack.enter_context(self._browser.new_context(viewport=size, **options))

    def _hear(self, message: Any) -> None:
        if message.type in ('error', 'warning'):
            self.errors.append(f'{message.text} {message.location}')


def draw(page: Any, word: str) -> None:
    """Draw the sketch of a toy thing with the mouse."""
    draw_strokes(page, STROKES[word])


def draw_strokes(page: Any, strokes: Sequence[Sequence[tuple[float, float]]]) -> None:
    """Draw with the mouse; places are shares of a square."""
    pad = page.locator('#pad')
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    side = 0.8 * min(box['width'], box['height'])
    left, top = (
        box[at] + (box[long] - side) / 2 for at, long in (('x', 'width'), ('y', 'height'))
    )
    for stroke in strokes:
        places = [(left + side * x, top + side * y) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()


def picture(rgb: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8 (H, W, 3)."""
    return cv2.imencode('.png', np.ascontiguousarray(rgb[..., ::-1]))[1].tobytes()


def file(name: str, kind: str, data: bytes) -> dict[str, Any]:
    """A file for Playwright's set_input_files."""
    return {'name': name, 'mimeType': kind, 'buffer': data}


def drop(page: Any, target: str, files: Sequence[dict[str, Any]]) -> None:
    """Drop files on what a CSS selector names."""
    told = [{**one, 'buffer': base64.b64encode(one['buffer']).decode('ascii')} for one in files]
    transfer = page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const {name, mimeType, buffer} of files) {
            const bytes = Uint8Array.from(atob(buffer), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], name, {type: mimeType}));
          }
          return transfer;
        }""",
        told,
    )
    for event in ('dragenter', 'dragover', 'drop'):
        page.dispatch_event(target, event, {'dataTransfer': transfer})


def own_answer(page: Any) -> Any:
    """The card with the answer to the operator's own question."""
    return page.locator('#own article')
