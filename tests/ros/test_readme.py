# SPDX-License-Identifier: Apache-2.0
"""The tables of the README are those of the code."""

import re
from pathlib import Path

import pytest

from xsense_ros.nodes.parameter_table import PARAMETERS, ParameterSpec

README = (Path(__file__).resolve().parents[2] / 'README.md').read_text()
ROWS = {
    cells[0].strip('`'): cells
    for line in README.splitlines()
    if line.startswith('| `') and (cells := [cell.strip() for cell in line.split('|')[1:-1]])
}


@pytest.mark.parametrize('spec', PARAMETERS, ids=lambda spec: spec.name)
def test_every_parameter_has_its_row(spec: ParameterSpec) -> None:
    _, default, changes, meaning = ROWS[spec.name]
    assert changes == spec.changes
    assert meaning.startswith(spec.description)
    if spec.name not in ('gallery', 'hardware_id'):  # they depend on the machine
        value = default.strip('`').replace('"', "'")
        assert value.lower() == str(spec.default).lower()


def test_no_other_parameter_is_promised() -> None:
    section = README.split('### Parameters')[1].split('\n## ')[0]
    promised = set(re.findall(r'^\| `([a-z_.]+)` \|', section, flags=re.M))
    assert promised == {spec.name for spec in PARAMETERS}
