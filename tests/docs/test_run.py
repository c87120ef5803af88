# SPDX-License-Identifier: Apache-2.0
"""Commands of the documentation that cost little are run, with everything they were given."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.docs.fences import DOCUMENTS, ROOT, Command, in_blocks, in_sentences
from xsense_ros.cli import main

COMMANDS = [command for file in DOCUMENTS for command in in_blocks(file)]
# `xsense` commands that only read what comes with the package, by their first words.
CHEAP = (('bundle', 'list'), ('bundle', 'show'), ('bundle', 'verify'), ('completion',))
SHIPPED = {path.parent.name for path in ROOT.glob('models/*/manifest.json')}
SHELLS = {'bash', 'zsh', 'fish'}


def is_cheap(command: Command) -> bool:
    program, *words = command.words
    known = [kind for kind in CHEAP if tuple(words[: len(kind)]) == kind]
    if program != 'xsense' or not known:
        return False
    return set(words[len(known[0]) :]) <= SHIPPED | SHELLS


def unique(commands: list[Command]) -> list[Command]:
    return list({command.words: command for command in commands}.values())


@pytest.mark.parametrize(
    'command', unique([*filter(is_cheap, COMMANDS)]), ids=lambda command: ' '.join(command.words)
)
def test_runs(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, list(command.words[1:]))
    assert done.exit_code == 0, f'{command.place}: {done.output}'
    assert done.output


def test_make_would_make_every_target() -> None:
    """A dry run: `make` reads the recipes and finds what they depend on."""
    make = shutil.which('make')
    if make is None:
        pytest.skip('make is not installed: sudo apt-get install make')
    everywhere = [*COMMANDS, *(one for file in DOCUMENTS for one in in_sentences(file))]
    targets = {word for one in everywhere if one.words[0] == 'make' for word in one.words[1:]}
    clean = {name: value for name, value in os.environ.items() if not name.startswith('MAKE')}
    for target in sorted(target for target in targets if '=' not in target):
        done = subprocess.run(
            [make, '--dry-run', target], cwd=ROOT, env=clean, capture_output=True, text=True
        )
        assert done.returncode == 0 and done.stdout, f'make {target}: {done.stderr}'
