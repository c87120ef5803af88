# SPDX-License-Identifier: Apache-2.0
"""The pinned folds are what the code makes of the data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from xsense_ros.errors import InputError
from xsense_training.cli import main
from xsense_training.data import pinned_folds
from xsense_training.data.pinned_folds import PINNED, make_folds


def test_the_pinned_folds_are_what_the_code_makes(tmp_path: Path) -> None:
    try:
        same = make_folds('sketch', tmp_path / 'folds.json')
    except InputError as error:
        pytest.skip(str(error))
    assert same


def test_other_folds_are_said_to_be_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned, _ = PINNED['sketch']
    moved = json.loads(pinned.read_text())
    moved['folds']['0'], moved['folds']['1'] = moved['folds']['1'], moved['folds']['0']

    def other(root: Path | None, to: Path) -> None:
        to.write_text(json.dumps(moved))

    monkeypatch.setitem(pinned_folds.PINNED, 'sketch', (pinned, other))
    to = str(tmp_path / 'folds.json')
    found = CliRunner().invoke(main, ('data', 'folds', 'sketch', '--to', to))
    assert found.exit_code == 1 and 'other folds' in found.output
