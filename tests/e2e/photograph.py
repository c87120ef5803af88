# SPDX-License-Identifier: Apache-2.0
"""Photographs the live page in front of the demo: `python -m tests.e2e.photograph FOLDER`."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.site import DESK, PHONE, draw_strokes, own_answer

_START_SECONDS, _LOOK_SECONDS = 90.0, 40.0
_MOST_BYTES = 150_000
_SHOWN = """() => [...document.querySelectorAll('#answers [data-accepted=true]')].length
  + (document.querySelector('[data-tile=infrared] rect:not([hidden])') ? 2 : 0)
  + (document.querySelector('.badge')?.textContent.startsWith('contact') ? 2 : 0)"""


def main(folder: Path) -> None:
    """Write dashboard.jpg and dashboard-phone.jpg."""
    chromium = shutil.which('chromium')
    if chromium is None:
        sys.exit('needs the package `chromium`: apt-get install chromium')
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, '-m', 'xsense_ros.cli', 'demo', '--loop', '--rate', '1']
        demo = subprocess.Popen(
            [*command, '--out', out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            url = _address(demo)
            with sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=chromium, args=['--no-sandbox', '--hide-scrollbars']
                )
                _desk(browser, url, folder / 'dashboard.jpg')
                _phone(browser, url, folder / 'dashboard-phone.jpg')
                browser.close()
        finally:
            demo.terminate()
            demo.communicate()


def _address(demo: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + _START_SECONDS
    said = []
    assert demo.stdout is not None
    while time.monotonic() < deadline and (line := demo.stdout.readline()):
        said.append(line)
        if found := re.search(r'live page: (\S+)', line):
            return found[1]
    sys.exit('the demo does not show a live page:\n' + ''.join(said[-20:]))


def _desk(browser: Browser, url: str, file: Path) -> None:
    page = _open(browser, f'{url}#live', viewport=DESK)
    draw_strokes(page, _anchor())
    _wait_for_answer(page)
    page.get_by_role('heading', name='Senses').click()  # nothing is focused
    page.mouse.move(0, 0)
    _write(file, _best(page))


def _phone(browser: Browser, url: str, file: Path) -> None:
    """Live, asked with two senses, remembered and fares: four views of a phone in a row."""
    page = _open(browser, f'{url}#live', viewport=PHONE, is_mobile=True, has_touch=True)
    views = [_best(page)]
    page.get_by_role('link', name='Ask').click()
    draw_strokes(page, _anchor())
    _wait_for_answer(page)
    _ask_together(page, 'the anchor of a ship')
    views.append(page.screenshot())
    page.emulate_media(color_scheme='dark')
    for name in ('Things', 'Health'):
        page.get_by_role('link', name=name).last.click()
        page.wait_for_timeout(2500)
        views.append(page.screenshot())
    _write(file, *views)


def _open(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.new_context(color_scheme='light', **options).new_page()
    page.goto(url)
    page.locator('#answers article').first.wait_for()
    return page


def _wait_for_answer(page: Page) -> None:
    own_answer(page).wait_for()
    page.locator('#own[aria-busy=false]').wait_for()
    page.wait_for_timeout(1500)


def _ask_together(page: Page, text: str) -> None:
    """Once more, with a text."""
    page.get_by_role('checkbox', name='Ask with several senses at once').check()
    page.get_by_role('tab', name='Write').click()
    page.locator('#text').fill(text)
    page.locator('#text-ask').click()
    page.get_by_role('button', name='Ask together').click()
    own_answer(page).locator('.asked').wait_for()
    _wait_for_answer(page)


def _best(page: Page) -> bytes:
    """The moment at which most is recognised."""
    best, most = b'', -1
    deadline = time.monotonic() + _LOOK_SECONDS
    while time.monotonic() < deadline:
        page.wait_for_timeout(700)
        if (shown := page.evaluate(_SHOWN)) > most:
            best, most = page.screenshot(), shown
    return best


def _anchor() -> list[list[tuple[float, float]]]:
    """Strokes of an anchor, as shares of a square."""
    arc = [math.pi * (0.05 + 0.9 * step / 24) for step in range(25)]
    ring = [2 * math.pi * step / 24 for step in range(25)]
    return [
        [(0.5 + 0.09 * math.cos(turn), 0.12 + 0.09 * math.sin(turn)) for turn in ring],
        [(0.5, 0.21), (0.5, 0.95)],
        [(0.3, 0.33), (0.7, 0.33)],
        [(0.5 + 0.4 * math.cos(turn), 0.55 + 0.4 * math.sin(turn)) for turn in arc],
        [(0.06, 0.72), (0.1, 0.6), (0.22, 0.66)],
        [(0.94, 0.72), (0.9, 0.6), (0.78, 0.66)],
    ]


def _write(file: Path, *screenshots: bytes) -> None:
    """JPEG of pictures beside each other, as good as its size allows."""
    pictures: Sequence[Any] = [
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR) for png in screenshots
    ]
    gap = np.full((pictures[0].shape[0], 12, 3), 255, np.uint8)
    whole = np.hstack([part for picture in pictures for part in (picture, gap)][:-1])
    for quality in range(92, 30, -4):
        jpeg = cv2.imencode('.jpg', whole, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(jpeg) < _MOST_BYTES:
            break
    file.write_bytes(jpeg)
    print(f'{file}: {whole.shape[1]} x {whole.shape[0]}, {len(jpeg) / 1000:.0f} kB')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
