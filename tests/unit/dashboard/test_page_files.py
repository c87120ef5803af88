# SPDX-License-Identifier: Apache-2.0
"""The page's own files fit together without a build step, and parse no text as markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xsense_ros.dashboard.app import STATIC

SCRIPTS = sorted(STATIC.glob('*.js'))
FILES = sorted(path for path in STATIC.iterdir() if path.is_file())
PAGE = (STATIC / 'index.html').read_text('utf-8')


def text(path: Path) -> str:
    return path.read_text('utf-8')


def test_every_file_that_is_named_exists_and_every_file_is_named() -> None:
    named = set(re.findall(r'(?:href|src)="static/([\w.]+)', PAGE))
    named |= {name for path in SCRIPTS for name in re.findall(r"from '\./([\w.]+)'", text(path))}
    assert named | {'index.html'} == {path.name for path in FILES}


def test_all_modules_are_fetched_at_once() -> None:
    preloaded = re.findall(r'rel="modulepreload" href="static/([\w.]+)"', PAGE)
    assert preloaded == [path.name for path in SCRIPTS if path.name != 'main.js']


def test_every_icon_that_is_used_exists() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', text(STATIC / 'icons.svg')))
    used = set(re.findall(r'icons\.svg#(\w+)', PAGE))
    for path in SCRIPTS:
        used |= set(re.findall(r"\bicon(?:Button)?\('(\w+)'", text(path)))
    assert used <= drawn


def test_what_scripts_look_up_is_in_the_page() -> None:
    known = set(re.findall(r'\bid="([\w-]+)"', PAGE))
    for path in SCRIPTS:
        for name in re.findall(r"byId\('([\w-]+)'\)", text(path)):
            assert name in known, f'{path.name}: {name}'


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
def test_text_is_never_parsed(path: Path) -> None:
    parsers = r'(inner|outer|Adjacent)HTML|document\.write|\beval\b|new Function|\bon\w+='
    assert not re.findall(parsers, text(path))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_files_are_short_and_licensed(path: Path) -> None:
    lines = text(path).splitlines()
    assert len(lines) < 300
    assert 'SPDX-License-Identifier: Apache-2.0' in ''.join(lines[:3])
