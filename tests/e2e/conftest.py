# SPDX-License-Identifier: Apache-2.0
"""A real browser, and a real robot with its dashboard over DDS in a domain of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.toy import toy_bundle, toy_sketch_bundle

SECONDS = 60.0  # deadline of every wait in the page; a busy machine needs it, a free one never


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask a failed test of this folder a second time, like those of tests/ros."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope='session')
def browser() -> Iterator[Any]:
    """The distribution's Chromium, without a window."""
    chromium = shutil.which('chromium')
    if chromium is None:
        pytest.skip('needs the package `chromium`: apt-get install chromium')
    playwright = pytest.importorskip('playwright.sync_api')
    with playwright.sync_playwright() as driver:
        # The sandbox of Chromium does not start for root, as whom tests run in containers.
        browser = driver.chromium.launch(executable_path=chromium, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture(scope='session')
def site(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A robot that knows red, green and blue pictures, and its dashboard."""
    from tests.e2e.site import Site

    bundles = tmp_path_factory.mktemp('bundles')
    toys = toy_bundle(bundles / 'toy').path, toy_sketch_bundle(bundles / 'toy-sketch').path
    with Site(*toys) as site:
        yield site


@pytest.fixture
def opened(browser: Any, site: Any) -> Iterator[Any]:
    """Opens views of the page, each in a browser window of its own; none may report an error."""
    from tests.e2e.site import Windows

    with Windows(browser, site) as windows:
        yield windows


@pytest.fixture
def page(opened: Any) -> Any:
    """The live view on a desk, connected."""
    return opened.open()
