# SPDX-License-Identifier: Apache-2.0
"""All that is generated: whole files, and sections between markers in files written by hand."""

from __future__ import annotations

from functools import lru_cache

from scripts.docs.command_line import commands_page
from scripts.docs.interfaces import ROOT, interfaces_page
from scripts.docs.launch_files import launch_page
from scripts.docs.node_tables import nodes_page, parameters, services, topics
from scripts.docs.picture import picture
from scripts.docs.policy import policy

__all__ = ['ROOT', 'files', 'sections', 'stale']
_README = 'README.md'
_REFERENCE = 'docs/reference/'


@lru_cache(maxsize=1)
def files() -> dict[str, str]:
    """Text of each generated file, by its path below the repository."""
    return {
        f'{_REFERENCE}nodes.md': nodes_page(),
        f'{_REFERENCE}interfaces.md': interfaces_page(),
        f'{_REFERENCE}launch.md': launch_page(),
        f'{_REFERENCE}xsense.md': commands_page('xsense'),
        f'{_REFERENCE}xsense-train.md': commands_page('xsense-train'),
        'docs/system.svg': picture(),
        'config/sros2_policy.xml': policy(),
    }


@lru_cache(maxsize=1)
def sections() -> dict[tuple[str, str], str]:
    """Text of each marked section, by file and name of the section."""
    return {
        (_README, f'{what}-{node}'): write(node)
        for node in ('retrieval', 'matching')
        for what, write in (
            ('topics', lambda node: topics(node, _REFERENCE)),
            ('services', lambda node: services(node, _REFERENCE)),
            ('parameters', parameters),
        )
    }


def stale() -> list[str]:
    """Names of what is not on disk as it would be written now."""
    old = [
        path
        for path, text in files().items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text('utf-8') != text
    ]
    for (path, name), text in sections().items():
        marked = f'<!-- reference:{name} -->\n{text}\n<!-- /reference:{name} -->'
        if marked not in (ROOT / path).read_text('utf-8'):
            old.append(f'{path} ({name})')
    return old
