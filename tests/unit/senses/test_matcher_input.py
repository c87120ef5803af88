# SPDX-License-Identifier: Apache-2.0
"""Crops of a matcher, recomputed: the template as it is, the search by its own robust range."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput

RANDOM = np.random.default_rng(7)
RGB = RANDOM.integers(0, 256, (64, 64, 3)).astype(np.uint8)
COUNTS = RANDOM.normal(7300, 60, (192, 192)).astype(np.uint16)


def stretched(values):
    """What the search promises, written with numpy's own percentile."""
    low = np.percentile(values, 0.5, method='lower')
    high = np.percentile(values, 99.5, method='higher')
    return np.clip((values.astype(float) - low) / (high - low), 0, 1)


def test_template_is_the_crop_from_0_to_1():
    tensor = TemplateInput()(RGB)['template']
    assert (tensor.shape, tensor.dtype) == ((1, 3, 64, 64), np.float32)
    np.testing.assert_allclose(tensor[0].transpose(1, 2, 0), RGB / 255, atol=1e-7)
    backwards = np.ascontiguousarray(RGB[..., ::-1])[..., ::-1]
    np.testing.assert_array_equal(TemplateInput()(backwards)['template'], tensor)


@pytest.mark.parametrize(
    'values',
    [
        COUNTS,
        (COUNTS // 64).astype(np.uint8),
        (COUNTS * 0.04 - 273.15).astype(np.float32),
        COUNTS[:, ::-1],
    ],
)
def test_search_stretches_its_robust_range(values):
    tensor = SearchInput()(values)['search']
    assert (tensor.shape, tensor.dtype) == ((1, 3, 192, 192), np.float32)
    for plane in tensor[0]:
        np.testing.assert_allclose(plane, stretched(values), atol=1e-4)
    assert (tensor.min(), tensor.max()) == (0, 1)


def test_search_in_colour_is_stretched_as_one():
    values = RANDOM.integers(30, 200, (32, 32, 3)).astype(np.uint8)
    values[..., 2] //= 2
    tensor = SearchInput(32)(values)['search']
    np.testing.assert_allclose(tensor[0].transpose(1, 2, 0), stretched(values), atol=1e-6)


def test_search_knows_no_gain_and_no_offset():
    plain = SearchInput()(COUNTS)['search']
    other = SearchInput()((COUNTS * 3 + 1000).astype(np.uint16))['search']
    np.testing.assert_allclose(other, plain, atol=1e-5)


def test_a_few_hot_pixels_change_nothing():
    hot = COUNTS.copy()
    hot.ravel()[::1000] = 65535
    difference = np.abs(SearchInput()(hot)['search'] - SearchInput()(COUNTS)['search'])
    assert np.median(difference) < 0.02


def test_missing_pixels_become_the_median():
    celsius = (COUNTS * 0.04 - 273.15).astype(np.float32)
    holes = celsius.copy()
    holes[::3] = np.nan
    holes[1, :5] = np.inf
    holes[2, :5] = np.finfo(np.float32).max
    found = SearchInput()(holes)['search']
    filled = np.where(np.isfinite(holes) & (holes < 1e30), holes, np.nan)
    expected = SearchInput()(np.where(np.isnan(filled), np.nanmedian(filled), filled))['search']
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.isfinite(found).all()


@pytest.mark.parametrize('kind', [TemplateInput, SearchInput])
def test_parameters_round_trip_through_json(kind):
    made = kind(40)
    again = kind(**json.loads(json.dumps(made.parameters())))
    assert again.parameters() == made.parameters() == {'size': 40}
    assert again.size == 40


@pytest.mark.parametrize('kind', [TemplateInput, SearchInput])
@pytest.mark.parametrize('size', [0, 7, 4096])
def test_wrong_size(kind, size):
    with pytest.raises(InputError, match='Cure'):
        kind(size)
    with pytest.raises(TypeError):
        kind(64.5)


@pytest.mark.parametrize(
    ('kind', 'wrong', 'words'),
    [
        (TemplateInput, RGB.astype(np.float32), 'float32'),
        (TemplateInput, RGB[..., 0], 'template shape'),
        (TemplateInput, RGB[:32], 'template shape'),
        (TemplateInput, np.full((64, 64, 3), (9, 200, 30), np.uint8), 'template contrast'),
        (TemplateInput, None, 'NoneType'),
        (SearchInput, COUNTS.astype(np.int32), 'int32'),
        (SearchInput, COUNTS[:100], 'search shape'),
        (SearchInput, np.zeros((192, 192, 4), np.uint8), 'search shape'),
        (SearchInput, np.full((192, 192), 7300, np.uint16), 'search contrast'),
        (SearchInput, np.zeros((192, 192), np.float32), 'search contrast'),
        (SearchInput, np.full((192, 192), np.nan, np.float32), 'not finite'),
        (SearchInput, [[1]], 'list'),
    ],
)
def test_what_cannot_be_used(kind, wrong, words):
    with pytest.raises(InputError, match=words):
        kind()(wrong)


def test_rounding_is_no_contrast():
    flat = np.full((192, 192), 293.15, np.float32)
    flat[::2] = np.nextafter(np.float32(293.15), np.float32(300))
    with pytest.raises(InputError, match='search contrast'):
        SearchInput()(flat)
