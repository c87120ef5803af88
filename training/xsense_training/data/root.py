# SPDX-License-Identifier: Apache-2.0
"""Where data sets lie on disk, and the error for one that is not there.

The data root holds one folder per package, named as the package, and `cache/` with what is made
from them (rendered drawings, unpacked archives, synthesised notes); the cache may be deleted.
"""

from __future__ import annotations

import os
from pathlib import Path

from xsense_ros.errors import InputError


def data_root(root: Path | str | None = None) -> Path:
    """The given root, else $XSENSE_DATA, else ~/.cache/xsense/data."""
    if root is not None:
        return Path(root).expanduser()
    named = os.environ.get('XSENSE_DATA')
    return Path(named).expanduser() if named else Path.home() / '.cache' / 'xsense' / 'data'


def require(root: Path, part: str, dataset: str) -> Path:
    """Path of a file or folder of a fetched data set.

    Args:
        root: data root.
        part: path inside the root, starting with the name of the package.
        dataset: name that `xsense-train data fetch` knows.

    Raises:
        InputError: it is not there.
    """
    path = root / part
    if not path.exists():
        raise InputError(
            f'data set {dataset}',
            str(path),
            'a fetched data set',
            f'xsense-train data fetch {dataset} (data root: $XSENSE_DATA or --root)',
        )
    return path


def cache_folder(root: Path, name: str) -> Path:
    """Folder for derived files, made when it is missing."""
    folder = root / 'cache' / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
