# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from tests.training.touch_sim.gel_world import ball
from xsense_training.touch_sim.gel_contact import DEEPEST_MM, drape, penetration, slopes
from xsense_training.touch_sim.sensor_unit import MM_PER_PIXEL


def contact_radius(radius_mm: float, depth_mm: float, drag_mm: float) -> float:
    reach = penetration(ball(radius_mm), depth_mm)
    touching = drape(reach, MM_PER_PIXEL, drag_mm) - reach < 0.005
    return float(np.sqrt(touching.sum() / np.pi) * MM_PER_PIXEL)


def shot_contact_radius(radius_mm: float, depth_mm: float, drag_mm: float) -> float:
    """The same from the membrane's equation in polar coordinates, by shooting.

    (r u' / sqrt(1 + u'^2))' = r u / L^2 outside the contact, u and u' continuous at its edge, u
    going to zero far away.
    """

    def far_away(edge: float) -> float:
        rise = np.sqrt(radius_mm**2 - edge**2)
        start = [depth_mm - radius_mm + rise, -edge / rise]

        def bend(r, state):
            u, slope = state
            length = 1 + slope**2
            return [slope, length**1.5 * u / drag_mm**2 - slope * length / r]

        def turns(r, state):
            return state[1] + 1e-9

        def sinks(r, state):
            return state[0] + 1e-9

        turns.terminal = sinks.terminal = True
        end = solve_ivp(
            bend, (edge, edge + 12 * drag_mm), start, events=(turns, sinks), rtol=1e-8, atol=1e-10
        )
        return 1.0 if end.t_events[0].size else -1.0

    geometric = np.sqrt(2 * radius_mm * depth_mm - depth_mm**2)
    return brentq(far_away, 0.05, geometric * 0.9999, xtol=1e-3)


@pytest.mark.parametrize(('radius', 'depth'), [(2.0, 1.0), (4.0, 0.8), (3.0, 1.6)])
def test_a_ball_touches_over_the_geometric_radius_where_the_skin_does_not_drag(radius, depth):
    expected = np.sqrt(2 * radius * depth - depth**2)
    # A tenth of a millimetre of drag is less than two pixels.
    assert contact_radius(radius, depth, 0.1) == pytest.approx(expected, rel=0.08)
    assert contact_radius(radius, depth, 0.1) <= expected


@pytest.mark.parametrize(('radius', 'depth'), [(2.0, 1.5), (4.0, 1.0)])
def test_a_ball_touches_over_the_radius_that_the_membrane_equation_gives(radius, depth):
    expected = shot_contact_radius(radius, depth, 0.55)
    assert contact_radius(radius, depth, 0.55) == pytest.approx(expected, abs=1.5 * MM_PER_PIXEL)


def test_the_skin_follows_the_object_falls_off_beside_it_and_is_never_pierced():
    reach = penetration(ball(2.0), 1.2)
    skin = drape(reach, MM_PER_PIXEL)
    assert (skin >= reach - 1e-4).all()
    assert skin[120, 160] == pytest.approx(1.2, abs=1e-5)
    beside = skin[120, 160:]
    assert (np.diff(beside) <= 1e-5).all()
    assert beside[-1] == 0.0


def test_more_tension_drags_more_skin_along():
    reach = penetration(ball(2.0), 1.2)
    assert drape(reach, MM_PER_PIXEL, 0.9).sum() > drape(reach, MM_PER_PIXEL, 0.4).sum() * 1.1


def test_the_gel_limits_the_depth():
    heights = ball(4.0)
    assert penetration(heights, 9.0).max() == pytest.approx(DEEPEST_MM)
    assert penetration(heights, 1.0).max() == pytest.approx(1.0)


@pytest.mark.parametrize('nothing', [-np.inf, -20.0, -30.0])
def test_where_no_object_is_nothing_reaches_the_gel(nothing):
    assert penetration(np.full((4, 4), nothing, np.float32), 1.0).max() < 0


def test_slopes_are_those_of_a_plane():
    row, column = np.mgrid[0:20, 0:30].astype(np.float32)
    across, down = slopes((0.3 * column - 0.2 * row) * np.float32(0.1), 0.1)
    assert across[1:-1, 1:-1] == pytest.approx(0.3, abs=1e-4)
    assert down[1:-1, 1:-1] == pytest.approx(-0.2, abs=1e-4)
