# SPDX-License-Identifier: Apache-2.0
"""The few pieces of Markdown that generated pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTICE = '<!-- Written by `make docs` from the code; a test compares the two. -->'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars and line breaks within a cell are escaped.

    Args:
        head: titles of the columns.
        rows: as many cells each.
    """
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join(f'| {" | ".join(_cell(cell) for cell in line)} |' for line in lines)


def page(title: str, *parts: str) -> str:
    """A whole page that no hand edits."""
    return '\n\n'.join([f'# {title}', NOTICE, *(part for part in parts if part)]) + '\n'


def code(text: str, kind: str = 'text') -> str:
    """A block of text as it is."""
    return f'```{kind}\n{text.rstrip()}\n```'


def quoted(text: str) -> str:
    """Text as code within a line."""
    return f'`{text}`'


def _cell(text: str) -> str:
    """A bar ends a cell even within code; <words> outside of code would be taken for tags."""
    parts = text.replace('\n', ' ').replace('|', '\\|').split('`')
    parts[::2] = [part.replace('<', '&lt;') for part in parts[::2]]
    return '`'.join(parts)
