# SPDX-License-Identifier: Apache-2.0
"""Where the package's own files (config/, models/, ...) lie, in a checkout or installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from xsense_ros.errors import InputError

_CHECKOUT = Path(__file__).resolve().parent.parent


def share_folders() -> list[Path]:
    """Folders that may hold the package's files, in the order in which they are searched.

    A source checkout comes first, so that an edited file wins over an installed copy; then every
    prefix of AMENT_PREFIX_PATH, then the running Python's own (where `pip install` puts them).
    """
    folders = [_CHECKOUT] if (_CHECKOUT / 'package.xml').is_file() else []
    prefixes = [*os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    folders += [Path(prefix) / 'share' / 'xsense_ros' for prefix in prefixes if prefix]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def find_resource(relative: str) -> Path:
    """The first existing file or folder of that name, such as 'config/retrieval.yaml'.

    Raises:
        InputError: nothing of that name is installed.
    """
    for folder in share_folders():
        if (folder / relative).exists():
            return folder / relative
    searched = ', '.join(map(str, share_folders())) or 'no folder: the package is not installed'
    raise InputError(
        'package file',
        relative,
        f'a file in {searched}',
        'install the package, or run from its checkout',
    )


def default_gallery() -> str:
    """Where the XDG base directory specification puts what a program remembers for its user."""
    base = os.environ.get('XDG_DATA_HOME') or Path.home() / '.local' / 'share'
    return str(Path(base) / 'xsense' / 'gallery.db')
