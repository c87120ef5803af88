# SPDX-License-Identifier: Apache-2.0
"""The file of measured fusions: read back as written, errors by field, the shipped one current."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.engines.manifest import Calibration
from xsense_ros.errors import BundleError, XsenseError
from xsense_ros.fusion.measured import (
    FILE,
    Measured,
    Way,
    choose,
    find_fusions,
    read_fusions,
    ways_of,
    write_fusions,
)
from xsense_ros.fusion.rules import UNMEASURED, WEIGHTED, Fusion
from xsense_ros.names import BUNDLES
from xsense_ros.retrieval import surest_first

TARGETS = {'impact': ('image', 'impact'), 'touch': ('touch',)}
MEASURED = Measured(
    TARGETS,
    {'touch->touch': Way('space', 'abc', 2.0, -1.0)},
    Fusion(
        WEIGHTED,
        {'impact': 0.5, 'touch': 1.5},
        {'impact': -0.1, 'touch': 0.0},
        Calibration(1.0, 0.5, 0.6, 0.02),
        measured=True,
    ),
)


def test_written_and_read_back(tmp_path: Path) -> None:
    write_fusions([MEASURED], tmp_path / FILE)
    assert read_fusions(tmp_path / FILE) == [MEASURED]
    assert MEASURED.senses == 'impact+touch'


def test_only_exactly_what_was_measured_is_chosen() -> None:
    ways = MEASURED.ways
    turned = {'touch': ('touch',), 'impact': ('impact', 'image')}
    assert choose([MEASURED], turned, ways) is MEASURED.fusion
    assert choose([], TARGETS, ways) is UNMEASURED
    assert choose([MEASURED], {**TARGETS, 'touch': ('image',)}, ways) is UNMEASURED
    other = {'touch->touch': replace(ways['touch->touch'], slope=2.5)}
    assert choose([MEASURED], TARGETS, other) is UNMEASURED


@pytest.mark.parametrize(
    ('field', 'value', 'said'),
    [
        ('senses', 'touch+smell', 'smell'),
        ('senses', 'touch', 'senses asked together'),
        ('targets', {'touch': ['touch']}, r'fusions\[0\]\.targets'),
        ('rule', 'majority', r'fusions\[0\]\.rule'),
        ('weights', {'touch': 1.0}, r'weights\.impact'),
        ('weights', {'touch': 1.0, 'impact': 'much'}, r'weights\.impact'),
        ('neutral', {'touch': 0.0, 'impact': 0.0, 'text': 0.0}, r'neutral\.text'),
        ('calibration', {'slope': -1.0}, r'calibration\.slope'),
        ('ways', {'touch->touch': {'space': 's'}}, r'fingerprint'),
        ('odd', 1, r'fusions\[0\]\.odd'),
    ],
)
def test_damage_is_named(tmp_path: Path, field: str, value: object, said: str) -> None:
    path = tmp_path / FILE
    write_fusions([MEASURED], path)
    content = json.loads(path.read_text())
    content['fusions'][0][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(XsenseError, match=said):
        read_fusions(path)


def test_no_json_and_another_schema(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with pytest.raises(BundleError, match='make reproduce-fusion'):
        read_fusions(path)
    path.write_text('{')
    with pytest.raises(BundleError, match='JSON'):
        read_fusions(path)
    path.write_text('{"schema_version": 2, "fusions": []}')
    with pytest.raises(BundleError, match='schema_version'):
        read_fusions(path)


def test_the_shipped_file_fits_the_shipped_models() -> None:
    spaces = {
        name: space
        for bundle in BUNDLES
        for name, space in Bundle.open(find_bundle(bundle)).manifest.spaces.items()
    }
    fusions = find_fusions()
    assert {known.senses for known in fusions} >= {'impact+touch'}
    for known in fusions:
        surest = {
            f'{sense}->{target}': surest_first(spaces, sense, target)[0]
            for sense, own in known.targets.items()
            for target in own
        }
        # If not: `make reproduce-fusion`.
        assert choose(fusions, known.targets, ways_of(surest, spaces)) is known.fusion


def test_a_file_beside_the_own_bundles_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fusions([MEASURED], tmp_path / FILE)
    monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(tmp_path))
    assert find_fusions() == [MEASURED]
