# SPDX-License-Identifier: Apache-2.0
"""Folder-per-class trees, as most public data sets lie on disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from xsense_ros.errors import InputError

PICTURES = ('.jpg', '.jpeg', '.png', '.webp', '.bmp')


def find_part(root: Path, places: Sequence[str], what: str, cure: str) -> Path:
    """First of several places inside the root where a part of a data set may lie.

    Raises:
        InputError: it is in none of them; all are named.
    """
    for place in places:
        if (root / place).exists():
            return root / place
    raise InputError(what, f'nothing in {root}', f'{" or ".join(places)} there', cure)


def files_by_class(
    folder: Path, suffixes: Collection[str] | None = PICTURES
) -> dict[str, list[Path]]:
    """Files of each class, both in order of their names.

    Args:
        folder: holds one folder per class; hidden files and other suffixes are passed over.
        suffixes: lower-case file endings; None means all files.

    Raises:
        InputError: no such folder, no class in it, or classes without a file.
    """
    if not folder.is_dir():
        raise InputError('folder of classes', str(folder), 'a folder', 'correct the path')
    found = {
        entry.name: sorted(
            file
            for file in entry.iterdir()
            if not file.name.startswith('.')
            and (suffixes is None or file.suffix.lower() in suffixes)
        )
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith('.')
    }
    empty = [name for name, files in found.items() if not files]
    if empty or not found:
        endings = 'files' if suffixes is None else f'files ending in {", ".join(suffixes)}'
        raise InputError(
            f'classes without a file in {folder}',
            empty or 'no class folder',
            f'a folder per class with {endings}',
            'unpack the data set again, or remove the empty folders',
        )
    return found


def read_lines(path: Path) -> list[str]:
    """Lines that are not blank, without white space around them; the last needs no line end."""
    return [line.strip() for line in path.read_text('utf-8').splitlines() if line.strip()]
