# SPDX-License-Identifier: Apache-2.0
"""What the doctor says: calm lines for people, JSON for scripts, an exit status for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from xsense_ros.doctor.finding import Finding, Level, Outcome

WELL, FOUND, BLIND = 0, 1, 2
_STYLE = {Level.NOTE: 'cyan', Level.WARNING: 'yellow', Level.ERROR: 'bold red'}
_WORD = {Level.NOTE: 'note', Level.WARNING: 'warning', Level.ERROR: 'error'}


@dataclass(frozen=True)
class Report:
    """The outcome of every check and rule by its name.

    Args:
        installation: of the checks that need no node.
        robot: of the rules about running nodes.
        blind: why nobody could be looked at; '' where that was possible, or not wanted.
    """

    installation: Mapping[str, Outcome]
    robot: Mapping[str, Outcome] = field(default_factory=dict)
    blind: str = ''

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Those of both."""
        return {**self.installation, **self.robot}

    @property
    def findings(self) -> list[tuple[str, Finding]]:
        """Rule and finding, the worst first, else in the order of the rules."""
        found = [(name, f) for name, outcome in self.outcomes.items() for f in outcome.findings]
        return sorted(found, key=lambda pair: -pair[1].level)

    @property
    def status(self) -> int:
        """Exit status: WELL, FOUND for a warning or an error, BLIND where it could not look."""
        if self.blind:
            return BLIND
        bad = any(finding.level > Level.NOTE for _, finding in self.findings)
        return FOUND if bad else WELL

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            'status': self.status,
            'could_not_look': self.blind,
            'well': {
                name: outcome.well for name, outcome in self.outcomes.items() if outcome.well
            },
            'findings': [
                {
                    'level': _WORD[finding.level],
                    'rule': name,
                    'subject': finding.subject,
                    'seen': finding.seen,
                    'expected': finding.expected,
                    'cure': finding.cure,
                    'settings': dict(finding.settings),
                    'node': finding.node,
                }
                for name, finding in self.findings
            ],
        }

    def show(self, console: Console) -> None:
        """Print it for people."""
        well = Table.grid(padding=(0, 1))
        well.add_column(style='bold green', width=8)
        well.add_column(overflow='fold')
        for part in (self.installation, self.robot):
            if told := '; '.join(outcome.well for outcome in part.values() if outcome.well):
                well.add_row('well', told)
        console.print(well)
        for _, finding in self.findings:
            console.print()
            console.print(_shown(finding))
        console.print()
        console.print(self._verdict())

    def _verdict(self) -> Text:
        levels = [finding.level for _, finding in self.findings]
        counts = [
            f'{count} {_WORD[level]}{"s" if count > 1 else ""}'
            for level in (Level.ERROR, Level.WARNING, Level.NOTE)
            if (count := levels.count(level))
        ]
        told = ', '.join(counts) or 'nothing to mend'
        if self.blind:
            return Text(f'{told}. The nodes could not be looked at: {self.blind}', 'bold red')
        return Text(told, 'bold' if self.status else 'bold green')


def _shown(finding: Finding) -> RenderableType:
    title = Text.assemble(
        (f'{_WORD[finding.level]:<8}', _STYLE[finding.level]), (finding.subject, 'bold')
    )
    table = Table.grid(padding=(0, 1))
    table.add_column(style='dim', width=8)
    table.add_column(overflow='fold')
    table.add_row('seen', Text(finding.seen))
    table.add_row('expected', Text(finding.expected))
    table.add_row('cure', Text(finding.cure))
    for line in _parameter_file(finding):
        table.add_row('', Text(line, 'green'))
    return Group(title, Padding(table, (0, 0, 0, 2)))


def _parameter_file(finding: Finding) -> list[str]:
    """The settings as they stand in a parameter file."""
    if not finding.settings:
        return []
    lines = [f'{finding.node}:', '  ros__parameters:']
    return lines + [f'    {name}: {value}' for name, value in finding.settings.items()]
