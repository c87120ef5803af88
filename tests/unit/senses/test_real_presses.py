# SPDX-License-Identifier: Apache-2.0
"""Contact and background on 72 real presses of a ball, of two kinds of GelSight sensors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.contact import find_contact
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.tactile_sensor import TactileSensor
from xsense_ros.senses.tactile_structure import structure_mm2
from xsense_training.data.root import data_root

# Share of the labelled radius that contact is found with: the gel of the first sensor bulges
# around the ball, which was pressed in almost to its equator.
RADIUS = {'gelsight': (1.1, 1.6), 'gelsight_mini': (0.7, 1.15)}


@pytest.fixture(scope='module', params=['gelsight', 'gelsight_mini'])
def real(request):
    """Profile, background and presses RGB at half size, centres (x, y) and radii in full px."""
    path = data_root() / 'taxim' / 'taxim' / 'calib' / request.param / 'dataPack.npz'
    if not path.exists():
        pytest.skip('gel is not fetched: xsense-train data fetch gel')
    pack = np.load(path)
    halved = [np.ascontiguousarray(_halved(p)[..., ::-1]) for p in (pack['f0'], *pack['imgs'])]
    profile = load_profile(request.param)
    return profile, halved[0], halved[1:], pack['touch_center'], pack['touch_radius']


def _halved(bgr):
    return bgr.reshape(240, 2, 320, 2, 3).mean((1, 3)).round().astype(np.uint8)


def test_contact_is_where_the_ball_was(real):
    profile, background, presses, centres, radii = real
    errors, shares = [], []
    for frame, centre, radius in zip(presses, centres, radii, strict=True):
        press = press_of(frame, background, profile)
        contact = find_contact(press, profile.contact_levels)
        full = (np.asarray(contact.centroid) + 0.5) * 2 - 0.5
        errors.append(math.dist(full, centre.astype(float)) * profile.mm_per_pixel)
        measured = math.sqrt(contact.area_mm2 / math.pi)
        shares.append(measured / (float(radius) * profile.mm_per_pixel))
    assert np.mean(errors) < 0.35 and max(errors) < 0.75
    low, high = RADIUS[profile.name]
    assert low < min(shares) and max(shares) < high
    assert np.std(shares) < 0.12


def test_one_frame_tells_rest_from_contact(real):
    profile, background, presses, _, _ = real
    limit = profile.background_structure_mm2
    scale = profile.mm_per_pixel_of(background)
    assert structure_mm2(profile.oriented(background), scale) < 0.6 * limit
    assert min(structure_mm2(profile.oriented(p), scale) for p in presses) >= 2.5 * limit


def test_sensor_learns_from_rest_only_and_feels_every_press(real):
    profile, background, presses, _, _ = real
    sensor = TactileSensor(profile)
    generator = np.random.default_rng(0)

    def noisy():
        frame = background + generator.normal(0, 1.5, background.shape)
        return np.clip(frame.round(), 0, 255).astype(np.uint8)

    for frame in presses[:3]:
        with pytest.raises(InputError, match='contact'):
            sensor.read(frame, 'unit', 1)
    for _ in range(profile.background_frames):
        assert sensor.read(noisy(), 'unit', 1) is None
    for frame in presses:
        assert sensor.read(frame, 'unit', 1).in_contact
        assert not sensor.read(noisy(), 'unit', 1).in_contact
