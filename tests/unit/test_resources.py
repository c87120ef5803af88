# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from xsense_ros.errors import InputError
from xsense_ros.resources import find_resource, share_folders


def test_the_checkout_comes_first() -> None:
    root = Path(__file__).resolve().parents[2]
    assert share_folders()[0] == root
    assert find_resource('package.xml') == root / 'package.xml'


def test_an_installed_prefix_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / 'share' / 'xsense_ros'
    share.mkdir(parents=True)
    (share / 'only_installed.yaml').touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert find_resource('only_installed.yaml') == share / 'only_installed.yaml'


def test_a_missing_file_names_where_it_was_sought() -> None:
    with pytest.raises(InputError, match=r"package file: got 'nothing\.yaml', expected a file in"):
        find_resource('nothing.yaml')
