# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from xsense_training.cli import COMMANDS, main


def run(*command):
    return CliRunner().invoke(main, command, prog_name='xsense-train')


@pytest.mark.parametrize('command', [*((name,) for name in COMMANDS), (), ('data', 'fetch')])
def test_help_shows_an_example(command):
    found = run(*command, '--help')
    assert found.exit_code == 0 and 'xsense-train' in found.output


def test_missing_data_names_the_command_that_fetches_it(tmp_path):
    found = run('fit', 'see-hear-read', '--root', str(tmp_path), '--runs', str(tmp_path))
    assert found.exit_code == 1
    assert 'xsense-train data fetch' in found.output


def test_an_unknown_recipe_is_refused():
    found = run('fit', 'see-hear-smell')
    assert found.exit_code == 2 and 'see-hear-read' in found.output


def test_an_override_without_a_value_names_the_form(tmp_path):
    found = run('fit', 'see-hear-read', '--root', str(tmp_path), '--set', 'batch')
    assert found.exit_code == 1
    assert 'FIELD=VALUE' in found.output
