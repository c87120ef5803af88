# SPDX-License-Identifier: Apache-2.0
"""Contact area and centroid of drawn imprints, and the gate's hysteresis."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.senses import gel
from xsense_ros.errors import InputError
from xsense_ros.senses.contact import Contact, find_contact
from xsense_ros.senses.contact_gate import ContactGate
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile

PROFILE = load_profile('gelsight')


def disc(x, y, radius, level=80, shape=(240, 320), hole=0.0):
    """A press that changes one channel within a ring."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    distance = np.hypot(columns - x, rows - y)
    pixels = np.full((*shape, 3), 128, np.uint8)
    pixels[(distance <= radius) & (distance >= hole), 0] = 128 + level
    return Press(pixels, gel.SCALE)


@settings(max_examples=50, deadline=None)
@given(st.floats(60, 260), st.floats(60, 180), st.floats(8, 50), st.booleans())
def test_disc_and_ring_have_the_area_of_the_circle(x, y, radius, ring):
    contact = find_contact(disc(x, y, radius, hole=0.5 * radius if ring else 0.0))
    cell = 0.12  # an error of half a cell around the edge
    radius_mm = radius * gel.SCALE
    measured = math.sqrt(contact.area_mm2 / math.pi)
    assert measured == pytest.approx(radius_mm, abs=0.75 * cell)
    assert math.dist(contact.centroid, (x, y)) * gel.SCALE < 0.5 * cell
    assert contact.fraction == pytest.approx(contact.area_mm2 / (240 * 320 * gel.SCALE**2))
    assert 40 < contact.strength <= 80


def test_two_patches_count_together():
    one, other = disc(100, 120, 15), disc(220, 120, 15)
    both = find_contact(Press(np.maximum(one.pixels, other.pixels), gel.SCALE))
    assert both.area_mm2 == pytest.approx(2 * find_contact(one).area_mm2, rel=0.02)
    assert both.centroid == pytest.approx((160, 120), abs=1)


def test_ball_on_a_gel():
    background = gel.rest(noise=2, seed=1)
    frame = gel.pressed(gel.rest(noise=2, seed=2))
    contact = find_contact(press_of(frame, background, PROFILE))
    assert math.dist(contact.centroid, gel.BALL[:2]) * gel.SCALE < 0.1
    radius = math.sqrt(contact.area_mm2 / math.pi)
    assert radius == pytest.approx(gel.BALL[2] * gel.SCALE, rel=0.1)


def test_no_contact():
    for press in (
        Press(np.full((240, 320, 3), 128, np.uint8), 0.059),
        press_of(gel.rest(noise=2, seed=1), gel.rest(noise=2, seed=2), PROFILE),
    ):
        contact = find_contact(press)
        assert (contact.area_mm2, contact.fraction, contact.strength) == (0, 0, 0)
        assert contact.centroid == (159.5, 119.5)


def test_specks_are_left_out():
    pixels = np.full((240, 320, 3), 128, np.uint8)
    pixels[100:102, 50:52] = 255
    pixels[200:202, 250:252] = 0
    assert find_contact(Press(pixels, gel.SCALE)).area_mm2 == 0


def test_thin_edge_is_contact():
    """The rim of a coin is two cells wide."""
    pixels = np.full((240, 320, 3), 128, np.uint8)
    pixels[100:104, 60:260, 1] = 190
    contact = find_contact(Press(pixels, gel.SCALE))
    assert contact.area_mm2 == pytest.approx(4 * 200 * gel.SCALE**2, rel=0.1)


def test_threshold_is_respected():
    press = disc(160, 120, 30, level=20)
    assert find_contact(press, 15).area_mm2 > 0
    assert find_contact(press, 25).area_mm2 == 0


@pytest.mark.parametrize('shape', [(1, 1), (3, 500), (16, 16)])
def test_odd_sizes(shape):
    assert find_contact(Press(np.full((*shape, 3), 128, np.uint8), 1.0)).area_mm2 == 0


def of_area(area):
    return Contact(area, 0.1, (0, 0), 30.0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 3), max_size=40))
def test_gate_against_its_definition(areas):
    gate, state = ContactGate(2.0, 1.0), False
    for area in areas:
        state = area >= 1.0 if state else area >= 2.0
        assert gate.update(of_area(area)) is state
        assert gate.in_contact is state


def test_gate_does_not_flicker_between_its_areas():
    gate = ContactGate(2.0, 1.0)
    assert [gate.update(of_area(a)) for a in (1.5, 2.1, 1.5, 1.1, 0.9, 1.5)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip
    gate.update(of_area(3))
    gate.reset()
    assert not gate.in_contact


@pytest.mark.parametrize('areas', [(1, 2), (1, 0), (float('nan'), 1)])
def test_gate_with_impossible_areas(areas):
    with pytest.raises(InputError):
        ContactGate(*areas)
