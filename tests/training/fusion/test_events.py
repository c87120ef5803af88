# SPDX-License-Identifier: Apache-2.0
"""What senses say of enrolled things, recomputed view by view; the committed figures hold."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xsense_ros.engines.manifest import Calibration, SpaceSpec, TowerSpec
from xsense_ros.fusion.measured import find_fusions
from xsense_ros.resources import find_resource
from xsense_training.fusion.events import Events, Views, listen
from xsense_training.fusion.table import SECTION, fusion_table

SPACE = 'felt'
CALIBRATION = {
    'impact->impact': Calibration(3.0, -1.0, 0.5, 0.0),
    'touch->touch': Calibration(5.0, -2.0, 0.5, 0.0),
    'touch->image': Calibration(2.0, -2.0, 0.5, 0.0),
}


@pytest.fixture
def events() -> Events:
    rng = np.random.default_rng(0)
    thing = np.repeat(np.arange(4), 3)

    def views() -> Views:
        rows = rng.standard_normal((12, 6))
        return Views(
            {SPACE: rows / np.linalg.norm(rows, axis=1, keepdims=True)}, thing, np.arange(12)
        )

    held = {name: views() for name in ('impact', 'touch', 'image')}
    return Events({name: held[name] for name in ('impact', 'touch')}, held)


SPACES = {
    SPACE: SpaceSpec(
        6,
        'a' * 64,
        {name: TowerSpec(name, ('net',)) for name in ('impact', 'touch', 'image')},
        CALIBRATION,
    )
}


def test_log_odds_of_the_best_view_but_never_of_the_same_moment(events: Events) -> None:
    targets = {'impact': ('impact',), 'touch': ('image', 'touch')}
    said = listen(events, SPACES, targets, views=2)
    assert said.by_sense['touch'].shape == (12, 4) and said.right.sum() == 12
    for event in range(12):
        # Of its own thing only the other two views are left: what is drawn is known.
        thing = int(events.thing[event])
        others = [row for row in range(12) if events.thing[row] == thing and row != event]
        for sense, own in targets.items():
            expected = -np.inf
            for target in own:
                asked = events.asked[sense].vectors[SPACE][event]
                held = events.held[target].vectors[SPACE][others]
                calibration = CALIBRATION[f'{sense}->{target}']
                best = calibration.slope * (held @ asked).max() + calibration.intercept
                expected = max(expected, best)
            assert said.by_sense[sense][event, thing] == pytest.approx(expected)


def test_draws_differ_and_are_repeatable(events: Events) -> None:
    targets = {'impact': ('impact',), 'touch': ('touch',)}
    twice = listen(events, SPACES, targets, views=1, draws=2, seed=3)
    again = listen(events, SPACES, targets, views=1, draws=2, seed=3)
    np.testing.assert_array_equal(twice.by_sense['touch'], again.by_sense['touch'])
    assert len(twice.thing) == 24
    assert not np.array_equal(twice.by_sense['touch'][:12], twice.by_sense['touch'][12:])


def test_committed_figures_tables_and_rules_agree() -> None:
    """If not: `make reproduce-fusion`."""
    measured = json.loads(find_resource('docs/fusion.json').read_text())
    page = find_resource('docs/fusion.md').read_text()
    assert fusion_table(measured) in page.split(f'<!-- results:{SECTION} -->')[1]
    rules = {(known.senses, tuple(known.targets.items())): known for known in find_fusions()}
    for row in measured['results']:
        targets = tuple((sense, tuple(own)) for sense, own in row['targets'].items())
        known = rules[row['senses'], targets].fusion
        assert (known.rule, dict(known.weights)) == (row['rule'], row['weights'])
        assert known.calibration == Calibration(**row['calibration'])
    own = next(row for row in measured['results'] if row['targets']['touch'] == ['touch'])
    low = own['differences']['R@1'][1]
    assert low > 0.1  # beats the better sense by far more than its interval
