# SPDX-License-Identifier: Apache-2.0
"""The tables of the README are those of the code."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from xsense_ros.nodes import parameter_table
from xsense_ros.nodes.matching import parameters as matching_parameters
from xsense_ros.nodes.parameter_spec import ParameterSpec

README = (Path(__file__).resolve().parents[2] / 'README.md').read_text()
TABLES = {
    '### Parameters\n': parameter_table.PARAMETERS,
    '### Parameters of `matching`\n': matching_parameters.PARAMETERS,
}


def rows(title: str) -> dict[str, list[str]]:
    """Cells of the table below a title, by the name in the first one."""
    section = re.split(r'\n##', README.split(title)[1])[0]
    table = [line for line in section.splitlines() if line.startswith('| `')]
    cells = [[cell.strip() for cell in line.split('|')[1:-1]] for line in table]
    return {row[0].strip('`'): row for row in cells}


@pytest.mark.parametrize(
    ('title', 'spec'),
    [(title, spec) for title, table in TABLES.items() for spec in table],
    ids=lambda value: value.name if isinstance(value, ParameterSpec) else '',
)
def test_every_parameter_has_its_row(title: str, spec: ParameterSpec) -> None:
    _, default, changes, meaning = rows(title)[spec.name]
    assert changes == spec.changes
    assert meaning.startswith(spec.description)
    if spec.name not in ('gallery', 'hardware_id'):  # they depend on the machine
        value = default.strip('`').replace('"', "'")
        assert value.lower() == str(spec.default).lower()


@pytest.mark.parametrize(('title', 'table'), TABLES.items())
def test_no_other_parameter_is_promised(title: str, table: Sequence[ParameterSpec]) -> None:
    assert rows(title).keys() == {spec.name for spec in table}
