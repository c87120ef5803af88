# SPDX-License-Identifier: Apache-2.0
"""The documentation builds as pages, every link of it leads somewhere, and nothing is fetched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.docs.fences import DOCUMENTS, ROOT

LOADING = {'script': 'src', 'link': 'href', 'img': 'src', 'iframe': 'src', 'source': 'src'}
# A link element that names a page, and loads nothing.
NAMING = {'canonical', 'next', 'prev', 'alternate'}


class Loads(HTMLParser):
    """Addresses that a browser would fetch to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        address = given.get(LOADING.get(tag, ''))
        if address and given.get('rel') not in NAMING:
            self.addresses.append(address)


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip('mkdocs', reason='mkdocs-material is in requirements/test.txt')
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', str(folder)]
    environment = dict(os.environ, NO_MKDOCS_2_WARNING='1')
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    pages = [*ROOT.glob('docs/**/*.md')]
    for page in pages:
        assert (site / page.relative_to(ROOT / 'docs').with_suffix('.html')).is_file()
    nav = (ROOT / 'mkdocs.yml').read_text()
    for page in pages:
        assert f' {page.relative_to(ROOT / "docs")}\n' in nav, f'mkdocs.yml lacks {page.name}'


def test_pages_load_nothing_from_outside(site: Path) -> None:
    for page in site.rglob('*.html'):
        loads = Loads()
        loads.feed(page.read_text('utf-8'))
        outside = [one for one in loads.addresses if re.match(r'(\w+:)?//', one)]
        assert outside == [], page.name
    for style in site.rglob('*.css'):
        for address in re.findall(r'url\(([^)]*)\)|@import\s+([^;]+);', style.read_text('utf-8')):
            assert not re.match(r'["\']?(https?:)?//', ''.join(address)), style.name


def test_files_that_the_readme_links_to_are_there() -> None:
    for document in DOCUMENTS:
        if document.parent == ROOT:
            for target in re.findall(r'\]\(([^)#]+)[^)]*\)', document.read_text('utf-8')):
                assert '://' in target or (ROOT / target).is_file(), f'{document.name}: {target}'
