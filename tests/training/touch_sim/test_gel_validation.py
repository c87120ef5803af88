# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from tests.training.touch_sim.gel_world import ball, made_coefficients, made_unit, needs_gel
from xsense_training.touch_sim.gel_calibration import Slopes, fit_table
from xsense_training.touch_sim.gel_presses import colour_radius, find_centre
from xsense_training.touch_sim.gel_table import positions, table_of
from xsense_training.touch_sim.press import press_change
from xsense_training.touch_sim.validation_report import AIM_MEAN, AIM_MINIMUM, report


def test_the_centre_of_a_ball_is_found_though_the_mark_is_wrong():
    change = press_change(ball(1.2, 150.3, 110.6), 1.0, made_unit())
    found = find_centre(change, np.array([158.0, 103.0]))
    assert found == pytest.approx([150.3, 110.6], abs=1.0)


def test_a_larger_ball_has_a_larger_coloured_radius():
    unit = made_unit()
    radii = [
        colour_radius(press_change(ball(size), 1.0, unit), np.array([160.0, 120.0]))
        for size in (1.2, 1.8, 2.4)
    ]
    assert radii == sorted(radii)
    assert 1.0 < radii[0] < radii[2] < 2.6


def test_a_table_is_recovered_from_slopes_and_colours():
    truth = table_of(made_coefficients())
    draw = np.random.default_rng(2)
    slope = draw.uniform(-1.5, 1.5, (2, 40, 50)).astype(np.float32)
    where = positions(40, 50)
    touched = np.ones((40, 50), np.float32)
    change = truth.shade(slope[0], slope[1], touched, where)
    given = Slopes(
        slope[0].ravel(), slope[1].ravel(), touched.ravel(), where.reshape(-1, 2),
        change.reshape(-1, 3),
    )  # fmt: skip
    found = fit_table([given], positional=True)
    other = draw.uniform(-1.2, 1.2, (2, 40, 50)).astype(np.float32)
    expected = truth.shade(other[0], other[1], touched, where)
    error = found.shade(other[0], other[1], touched, where) - expected
    assert error.std() < 0.1 * expected.std()


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp('docs')
    found = report(folder)
    assert json.loads((folder / 'touch_sim.json').read_text()) == found
    assert (folder / 'touch_sim.jpg').stat().st_size < 400_000
    return found


@needs_gel
@pytest.mark.timeout(400)
@pytest.mark.parametrize('tables', ['first and third table', 'tables of one half'])
def test_real_presses_are_reproduced_to_the_aims(found, tables):
    halves = found['rows'][f'all 72, {tables}']
    assert halves['all']['presses'] == 72
    assert halves['held out']['presses'] == 36
    for row in halves.values():
        assert row['inside mean'] >= AIM_MEAN
        assert row['inside minimum'] >= AIM_MINIMUM
        assert row['around mean'] > 0.9
        assert row['radius error mm'] < 0.15


@needs_gel
@pytest.mark.timeout(400)
def test_the_report_in_docs_is_what_this_code_gives(found, pytestconfig):
    kept = json.loads((pytestconfig.rootpath / 'docs' / 'touch_sim.json').read_text())
    assert found['constants'] == kept['constants']
    for name, halves in found['rows'].items():
        for half, row in halves.items():
            expected = kept['rows'][name][half]
            assert row['inside mean'] == pytest.approx(expected['inside mean'], abs=2e-3)
            assert row['radius error mm'] == pytest.approx(expected['radius error mm'], abs=5e-3)
