# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from xsense_training.cli import cli, main


@pytest.mark.parametrize('command', [(), ('fit',), ('evaluate',), ('export',), ('data', 'fetch')])
def test_help_shows_an_example(command):
    found = CliRunner().invoke(cli, [*command, '--help'])
    assert found.exit_code == 0 and 'xsense-train' in found.output


def test_missing_data_names_the_command_that_fetches_it(tmp_path, monkeypatch, capsys):
    command = ['xsense-train', 'fit', 'see-hear-read', '--data', str(tmp_path)]
    monkeypatch.setattr(sys, 'argv', command)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert 'xsense-train data fetch' in capsys.readouterr().err


def test_an_unknown_recipe_is_refused():
    found = CliRunner().invoke(cli, ['fit', 'see-hear-smell'])
    assert found.exit_code == 2 and 'see-hear-read' in found.output
