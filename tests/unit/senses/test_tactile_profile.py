# SPDX-License-Identifier: Apache-2.0
"""Profiles as files: geometry, what is refused, and files of one's own."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.senses import gel
from xsense_ros.errors import InputError
from xsense_ros.senses.tactile_profile import TactileProfile, known_profiles, load_profile


def own(tmp_path, **changes):
    """Path of the profile gelsight with changed fields; None leaves a field out."""
    values = json.loads(own.original)
    values.update(changes)
    path = tmp_path / 'mine.json'
    path.write_text(json.dumps({k: v for k, v in values.items() if v is not None}))
    return path


@pytest.fixture(autouse=True)
def original():
    from xsense_ros.senses import tactile_profile

    own.original = (tactile_profile._FOLDER / 'gelsight.json').read_text()


def test_every_profile_of_the_package_can_be_read():
    assert known_profiles() == ('digit', 'gelsight', 'gelsight_mini')
    for name in known_profiles():
        profile = load_profile(name)
        assert isinstance(profile, TactileProfile)
        assert profile.name == name
        assert profile.note


def test_unknown_name_lists_the_known_ones_and_the_cure():
    with pytest.raises(InputError) as caught:
        load_profile('gelslim')
    assert "['digit', 'gelsight', 'gelsight_mini']" in caught.value.expected
    assert 'docs/touch.md' in caught.value.cure


def test_file_of_ones_own(tmp_path):
    profile = load_profile(own(tmp_path, crop=[100, 200, 240, 320], rotation=90))
    assert (profile.name, profile.crop, profile.rotation) == ('mine', (100, 200, 240, 320), 90)


@pytest.mark.parametrize(
    ('changes', 'named'),
    [
        ({'rows': None}, 'rows'),
        ({'colour': 1}, 'colour'),
        ({'rows': 480.5}, '480.5'),
        ({'rows': True}, 'True'),
        ({'rows': 0}, 'rows'),
        ({'mm_per_pixel': float('nan')}, 'nan'),
        ({'mm_per_pixel': '0.03'}, '0.03'),
        ({'crop': [0, 0, 480]}, 'crop'),
        ({'crop': [1, 0, 480, 640]}, 'crop'),
        ({'rotation': 45}, 'rotation'),
        ({'background': 'none'}, 'background'),
        ({'on_mm2': 0.2}, 'off_mm2'),
        ({'contact_sigmas': -1}, 'contact_sigmas'),
    ],
)
def test_bad_field_is_named(tmp_path, changes, named):
    with pytest.raises(InputError, match=named):
        load_profile(own(tmp_path, **changes))


def test_file_that_is_no_profile(tmp_path):
    with pytest.raises(InputError, match='No such file'):
        load_profile(tmp_path / 'missing.json')
    (tmp_path / 'broken.json').write_text('{')
    with pytest.raises(InputError, match='JSON'):
        load_profile(tmp_path / 'broken.json')
    (tmp_path / 'list.json').write_text('[]')
    with pytest.raises(InputError, match='none missing'):
        load_profile(tmp_path / 'list.json')


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 100),
    st.integers(0, 100),
    st.sampled_from([0, 90, 180, 270]),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_orientation_is_crop_then_turn(top, left, rotation, shrink, bgr):
    values = {**json.loads(own.original), 'crop': (2 * top, 2 * left, 120, 200)}
    profile = TactileProfile(name='mine', **{**values, 'rotation': rotation})
    frame = gel.rest(480 // shrink, 640 // shrink)
    if bgr:  # as decode_image gives 'bgr8': a view with its channels backwards
        frame = np.ascontiguousarray(frame[..., ::-1])[..., ::-1]
    seen = profile.oriented(frame)
    y, x, height, width = (value // shrink for value in profile.crop)
    expected = np.rot90(frame[y : y + height, x : x + width], -rotation // 90)
    np.testing.assert_array_equal(seen, expected)
    assert profile.mm_per_pixel_of(frame) == pytest.approx(0.0295 * shrink)


def test_other_aspect_ratio_is_named():
    with pytest.raises(InputError, match='gelsight') as caught:
        load_profile('gelsight').oriented(gel.rest(480, 480))
    assert caught.value.value == (480, 480)
    assert '480 x 640' in caught.value.expected


def test_frame_or_crop_of_too_few_pixels(tmp_path):
    with pytest.raises(InputError, match='16 pixels'):
        load_profile('gelsight').oriented(gel.rest(12, 16))
    small = load_profile(own(tmp_path, crop=[0, 0, 16, 16]))
    assert small.oriented(gel.rest(480, 640)).shape == (16, 16, 3)
    with pytest.raises(InputError, match='16 pixels'):
        small.oriented(gel.rest(240, 320))


@pytest.mark.parametrize(
    ('frame', 'said'),
    [
        (np.zeros((240, 320, 3), np.uint8), 'black'),
        (np.full((240, 320, 3), (250, 255, 254), np.uint8), 'full scale'),
        (np.repeat(gel.rest()[..., :1], 3, axis=2), 'grey'),
        (gel.rest().astype(np.float32), 'float32'),
        (np.where(np.eye(240, 320)[..., None] > 0, np.nan, gel.rest()), 'no numbers'),
        (gel.rest()[..., 0], 'not empty'),
        (gel.rest()[:0], 'not empty'),
        (None, 'NoneType'),
    ],
)
def test_unusable_frame(frame, said):
    with pytest.raises(InputError, match=said) as caught:
        load_profile('gelsight').oriented(frame)
    assert caught.value.cure


def test_dim_and_bright_gels_are_taken():
    profile = load_profile('gelsight')
    profile.oriented(gel.rest() // 6)
    profile.oriented(np.minimum(gel.rest().astype(int) + 90, 255).astype(np.uint8))
