# SPDX-License-Identifier: Apache-2.0
"""The file models/fusion.json: how senses are joined, for each combination that was measured.

A fusion is good for the senses, the modalities that answer each of them, and the models and
calibrations that it was measured with; for anything else it is not taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xsense_ros.engines.bundle import bundle_roots
from xsense_ros.engines.fields import Fields
from xsense_ros.engines.manifest import Calibration, SpaceSpec
from xsense_ros.errors import BundleError
from xsense_ros.fusion.rules import RULES, UNMEASURED, Fusion, joint_name, senses_of

FILE = 'fusion.json'
SCHEMA_VERSION = 1
_CURE = 'write it again: `make reproduce-fusion`, or put the file of this release back'
Targets = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Way:
    """The space in which a pair of modalities meets, and what its cosines mean there."""

    space: str
    fingerprint: str
    slope: float
    intercept: float


@dataclass(frozen=True)
class Measured:
    """A fusion and what it is good for.

    ``targets``: modalities that answer, by sense, in alphabetical order; ``ways`` by ordered pair
    ('touch->image').
    """

    targets: Targets
    ways: Mapping[str, Way]
    fusion: Fusion

    @property
    def senses(self) -> str:
        """As in 'impact+touch'."""
        return joint_name(list(self.targets))


def ways_of(
    found: Mapping[str, tuple[str, Calibration]], spaces: Mapping[str, SpaceSpec]
) -> dict[str, Way]:
    """Ordered pair -> its space and calibration, as `Way`."""
    return {
        pair: Way(name, spaces[name].fingerprint, calibration.slope, calibration.intercept)
        for pair, (name, calibration) in found.items()
    }


def choose(fusions: Sequence[Measured], targets: Targets, ways: Mapping[str, Way]) -> Fusion:
    """The fusion that was measured for exactly this, or UNMEASURED."""
    wanted = {sense: tuple(sorted(own)) for sense, own in targets.items()}
    for known in fusions:
        if known.targets == wanted and known.ways == ways:
            return known.fusion
    return UNMEASURED


def find_fusions() -> list[Measured]:
    """What the installed models bring along: their fusion.json, beside the bundles.

    Of several such files the first is read, in the order in which bundles are searched.

    Raises:
        BundleError: the file is damaged.
    """
    for folder in bundle_roots():
        if (folder / FILE).is_file():
            return read_fusions(folder / FILE)
    return []


def read_fusions(path: Path) -> list[Measured]:
    """All fusions of a file; BundleError names the first bad field."""
    try:
        decoded = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(str(path), str(error), 'a JSON file', _CURE) from None
    top = Fields(decoded, FILE, _CURE)
    version = top.integer('schema_version', 1)
    if version != SCHEMA_VERSION:
        expected = f'{SCHEMA_VERSION}, the version this xsense_ros reads'
        raise BundleError(f'{FILE}.schema_version', version, expected, _CURE)
    found = [
        _measured(Fields(value, f'{FILE}.fusions[{number}]', _CURE))
        for number, value in enumerate(top.sequence('fusions'))
    ]
    top.done()
    return found


def write_fusions(fusions: Sequence[Measured], path: Path) -> None:
    """Write what `read_fusions` reads back to equal values."""
    rows = []
    for known in fusions:
        row = {'senses': known.senses, 'targets': known.targets, **asdict(known.fusion)}
        del row['measured']
        rows.append(row | {'ways': {pair: asdict(way) for pair, way in known.ways.items()}})
    content = {'schema_version': SCHEMA_VERSION, 'fusions': rows}
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + '\n', encoding='utf-8')


def _measured(fields: Fields) -> Measured:
    senses = senses_of(fields.text('senses'))
    targets = {
        sense: tuple(sorted(map(str, own))) for sense, own in fields.mapping('targets').items()
    }
    if set(targets) != set(senses):
        expected = f'targets of {list(senses)}'
        raise BundleError(f'{fields.where}.targets', sorted(targets), expected, _CURE)
    rule = fields.one_of('rule', RULES, '')
    calibration = fields.child('calibration')
    fusion = Fusion(
        rule,
        _numbers(fields.child('weights'), senses),
        _numbers(fields.child('neutral'), senses),
        Calibration(
            calibration.number('slope', 0.0),
            calibration.number('intercept'),
            calibration.number('min_probability', 0.0, 1.0),
            calibration.number('min_margin', 0.0, 1.0),
        ),
        measured=True,
    )
    calibration.done()
    ways = {pair: _way(child) for pair, child in fields.children('ways')}
    fields.done()
    return Measured(targets, ways, fusion)


def _numbers(fields: Fields, senses: Sequence[str]) -> dict[str, float]:
    found = {sense: fields.number(sense) for sense in senses}
    fields.done()
    return found


def _way(fields: Fields) -> Way:
    found: dict[str, Any] = {name: fields.text(name) for name in ('space', 'fingerprint')}
    way = Way(**found, slope=fields.number('slope'), intercept=fields.number('intercept'))
    fields.done()
    return way
