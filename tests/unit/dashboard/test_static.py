# SPDX-License-Identifier: Apache-2.0
"""The page's own files: installed with the package, and fit for the policy they are sent with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.unit.dashboard.pages import KeepingRobot
from xsense_ros.dashboard.app import STATIC, make_app
from xsense_ros.dashboard.hub import Hub
from xsense_ros.resources import find_resource

FILES = sorted(file for file in STATIC.rglob('*') if file.is_file())


def test_every_kind_of_file_is_installed() -> None:
    cmake = find_resource('package.xml').with_name('CMakeLists.txt').read_text()
    assert FILES
    for suffix in {file.suffix for file in FILES}:
        assert f'PATTERN "*{suffix}"' in cmake, suffix


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.name)
def test_files_are_served_and_load_nothing_from_elsewhere(file: Path) -> None:
    page = TestClient(make_app(KeepingRobot(), Hub()), base_url='http://localhost')
    answer = page.get(f'/static/{file.relative_to(STATIC)}')
    assert answer.status_code == 200 and answer.content == file.read_bytes()
    kinds = {'.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml'}
    assert answer.headers['Content-Type'].startswith(kinds.get(file.suffix, 'text/html'))
    text = file.read_text('utf-8')
    elsewhere = re.findall(r'(?:src|href|url|import|fetch)\W{0,4}\s*["\'(]?(?:https?:)?//', text)
    assert not elsewhere
    if file.suffix == '.html':
        assert not re.search(r'<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=', text)


def test_the_page_itself_is_at_the_root() -> None:
    page = TestClient(make_app(KeepingRobot(), Hub()), base_url='http://localhost')
    assert page.get('/').content == (STATIC / 'index.html').read_bytes()
