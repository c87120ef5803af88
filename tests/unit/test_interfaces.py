# SPDX-License-Identifier: Apache-2.0
"""The public interface explains itself: every field of every message has a comment."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv')])


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_field_says_its_meaning(path: Path) -> None:
    """A field has a comment on its own line, or in the block above it."""
    above = ''
    for line in path.read_text().splitlines():
        code, _, comment = line.partition('#')
        if not code.strip():
            above = comment if comment else ''
        elif code.strip() == '---' or '=' in code.split('"')[0]:
            above = ''
        else:
            assert comment.strip() or above.strip(), f'{path.name}: {line}'


def test_every_interface_is_built() -> None:
    listed = (ROOT / 'CMakeLists.txt').read_text()
    for path in FILES:
        assert f'"{path.parent.name}/{path.name}"' in listed
