# SPDX-License-Identifier: Apache-2.0
"""What a shell offers after `xsense`, asked of a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from xsense_ros.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
BASH = shutil.which('bash')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for PATH with the command of this checkout."""
    script = tmp_path / 'xsense'
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m xsense_ros.cli "$@"\n')
    script.chmod(0o755)
    return tmp_path


def offered(folder: Path, *words: str) -> list[str]:
    """What bash would show after the last word, which may be unfinished."""
    quoted = ' '.join(f"'{word}'" for word in words)
    lines = (
        'eval "$(xsense completion bash)"',
        f'COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}',
        # The function that `complete` has registered for the command.
        'function=$(complete -p xsense | sed "s/.*-F \\([^ ]*\\) .*/\\1/")',
        f'"$function" xsense "{words[-1]}" "{words[-2]}"',
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )
    done = subprocess.run(
        [str(BASH), '--norc', '-c', '\n'.join(lines)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {'PATH': f'{folder}:{os.environ["PATH"]}', 'PYTHONPATH': str(ROOT)},
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(BASH is None, reason='bash is not installed (apt install bash)')
class TestBash:
    def test_commands(self, folder: Path) -> None:
        assert offered(folder, 'xsense', '') == list(COMMANDS)
        assert offered(folder, 'xsense', 'ev') == ['evaluate']

    def test_commands_of_a_group(self, folder: Path) -> None:
        assert {'list', 'show', 'forget'} <= set(offered(folder, 'xsense', 'gallery', ''))

    def test_options_and_their_values(self, folder: Path) -> None:
        assert offered(folder, 'xsense', 'query', '--tar') == ['--target']
        assert offered(folder, 'xsense', 'query', '--target', 's') == ['sketch', 'sound']
        assert {'--matching', '--no-matching'} <= set(offered(folder, 'xsense', 'run', '--'))


@pytest.mark.parametrize(('shell', 'says'), [('zsh', '#compdef xsense'), ('fish', 'complete')])
def test_other_shells(shell: str, says: str) -> None:
    done = CliRunner().invoke(main, ['completion', shell])
    assert done.exit_code == 0 and says in done.output and '_XSENSE_COMPLETE' in done.output


def test_unknown_shell() -> None:
    assert CliRunner().invoke(main, ['completion', 'tcsh']).exit_code == 2
