# SPDX-License-Identifier: Apache-2.0
"""Parameters and MACs beside the published table."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from xsense_training.models.hetero_matcher import HeteroMatcher, MatcherConfig
from xsense_training.recipes.hetero.sizes import PUBLISHED, lite_size, published_size
from xsense_training.recipes.hetero.times import times

# `xsense-train describe hetero --all` counts all rows; these hold every part of the others.
COUNTED = [PUBLISHED[1], PUBLISHED[6], PUBLISHED[7], PUBLISHED[8]]


@pytest.fixture(scope='module')
def counted():
    return {row[0]: published_size(*row) for row in COUNTED}


@pytest.mark.parametrize('row', PUBLISHED, ids=lambda row: row[0])
def test_parameters_of_the_published_table(row):
    with torch.device('meta'):
        matcher = HeteroMatcher(row[1])
    assert sum(p.numel() for p in matcher.parameters()) / 1e6 == pytest.approx(row[2], abs=0.1)


@pytest.mark.parametrize('row', COUNTED, ids=lambda row: row[0])
def test_macs_of_the_published_table(counted, row):
    size = counted[row[0]]
    assert size.macs / size.published_macs == pytest.approx(1, abs=0.01)
    assert size.parameters / size.published_parameters == pytest.approx(1, abs=0.01)


def test_norms_explain_the_rest(counted):
    """As the note says: two operations a value of a batch norm, five of a layer norm."""
    name, config, _, published = COUNTED[0]
    operations = 0

    def count(module, _inputs, output):
        nonlocal operations
        operations += output.numel() * (5 if isinstance(module, nn.LayerNorm) else 2)

    with torch.device('meta'), torch.no_grad():
        matcher = HeteroMatcher(config).eval()
        for module in matcher.modules():
            if isinstance(module, nn.LayerNorm | nn.BatchNorm2d):
                module.register_forward_hook(count)
        matcher(torch.zeros(1, 3, 128, 128), torch.zeros(1, 3, 256, 256))
    assert (counted[name].macs + operations) / 1e9 == pytest.approx(published, abs=0.006)


def test_caching_costs_nothing_in_all(counted):
    """The published reason for five cached layers in the place of four."""
    assert counted[COUNTED[0][0]].macs == counted[COUNTED[3][0]].macs


def test_lite_is_a_hundredth():
    assert lite_size().macs < 0.01 * 25.49e9


def test_a_kept_template_saves_its_share_of_a_frame():
    """Small matchers: what is timed is there, in turn, as shares of the first."""
    small = MatcherConfig(
        'mobilenet-v3-large', width=16, heads=2, hidden=16, layers=1, template_size=32,
        search_size=64,
    )  # fmt: skip
    found = times(small, (replace(small, attention='cached'),), repeats=3)
    first, frame, saved, trunk, _ = (row.ratio for row in found)
    assert first == 1 and frame == pytest.approx(1 - saved)
    assert 0 < trunk < 1 and frame < 1.2
    assert 'cached x1' in found[1].name
