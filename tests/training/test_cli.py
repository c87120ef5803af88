# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from xsense_training.cli import cli


@pytest.mark.parametrize('command', [(), ('fit',), ('evaluate',), ('export',), ('data', 'fetch')])
def test_help_shows_an_example(command):
    found = CliRunner().invoke(cli, [*command, '--help'])
    assert found.exit_code == 0 and 'xsense-train' in found.output


def test_missing_data_names_the_command_that_fetches_it(tmp_path):
    path = os.pathsep.join(p for p in sys.path if p)
    found = subprocess.run(
        [sys.executable, '-m', 'xsense_training.cli', 'fit', 'see-hear-read', '--data', tmp_path],
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 1
    assert 'xsense-train data fetch' in found.stderr and 'Traceback' not in found.stderr


def test_an_unknown_recipe_is_refused():
    found = CliRunner().invoke(cli, ['fit', 'see-hear-smell'])
    assert found.exit_code == 2 and 'see-hear-read' in found.output
