# SPDX-License-Identifier: Apache-2.0
"""Matchers: what is shared, what is cached, what correlation and positions mean."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from xsense_ros.errors import InputError
from xsense_training.models.hetero_attention import CachedLayer, MutualLayer, Shape, sine_positions
from xsense_training.models.hetero_backbones import TRUNKS
from xsense_training.models.hetero_correlation import Correlation, Spectrum, TemplateBank
from xsense_training.models.hetero_lite import HeteroLite, LiteConfig, cell_middles
from xsense_training.models.hetero_matcher import HeteroMatcher, MatcherConfig
from xsense_training.models.hetero_siamese import PseudoSiamese

SMALL = {'width': 32, 'heads': 4, 'hidden': 48, 'template_size': 64, 'search_size': 128}


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def pictures(config, count=2):
    return (torch.randn(count, 3, s, s) for s in (config.template_size, config.search_size))


@pytest.mark.parametrize('name', TRUNKS)
def test_trunks_end_at_stride_eight(name):
    with torch.device('meta'), torch.no_grad():
        trunk = TRUNKS[name]()
        taps = trunk.high(trunk.low(torch.zeros(1, 3, 128, 128)))
    assert [tuple(tap.shape) for tap in taps] == [(1, width, 16, 16) for width in trunk.widths]


@pytest.mark.parametrize(
    ('sharing', 'low', 'high'),
    [('shared', True, True), ('low-separate', False, True), ('independent', False, False)],
)
def test_what_is_shared(sharing, low, high):
    with torch.device('meta'):
        streams = PseudoSiamese(TRUNKS['mobilenet-v3-large'], sharing, fuse=True)
    assert (streams.template.low is streams.search.low) is low
    assert (streams.template.high is streams.search.high) is high
    assert streams.template.join is not streams.search.join
    assert [p.in_channels for p in streams.search.join.project] == [80, 160]


def joint(matcher, template, search):
    """Both streams layer by layer as drawn in the paper, nothing kept from one to the other."""

    def attend(attention, asking, looked_at, values):
        b, m, width = asking.shape
        split = [
            linear(x).reshape(b, -1, attention.heads, width // attention.heads).permute(0, 2, 1, 3)
            for linear, x in (
                (attention.query, asking),
                (attention.key, looked_at),
                (attention.value, values),
            )
        ]
        weights = (split[0] @ split[1].mT / math.sqrt(width // attention.heads)).softmax(dim=-1)
        return attention.out((weights @ split[2]).permute(0, 2, 1, 3).reshape(b, m, width))

    def itself(block, x, at):
        return block.norm(x + attend(block.attention, x + at, x + at, x))

    def across(block, x, at, other, at_other):
        x = block.norm(x + attend(block.attention, x + at, other + at_other, other))
        return block.norm_after(x + block.narrow(F.relu(block.widen(x))))

    t = matcher.project(matcher.streams.template(template)).flatten(2).mT
    s = matcher.project(matcher.streams.search(search)).flatten(2).mT
    at_t, at_s = matcher.at_template, matcher.at_search
    for layer in matcher.layers:
        t, s = itself(layer.template_self, t, at_t), itself(layer.search_self, s, at_s)
        both = isinstance(layer, MutualLayer)
        new_t = across(layer.template_cross, t, at_t, s, at_s) if both else t
        t, s = new_t, across(layer.search_cross, s, at_s, t, at_t)
    s = matcher.norm(across(matcher.decoder, s, at_s, t, at_t))
    return matcher.class_head(s), matcher.box_head(s).sigmoid()


@pytest.mark.parametrize('attention', ['transt', 'cached'])
def test_in_two_parts_as_in_one(attention):
    config = MatcherConfig(
        'mobilenet-v3-large', attention=attention, layers=3, presence=True, **SMALL
    )
    matcher = HeteroMatcher(config).eval()
    template, search = pictures(config)
    with torch.no_grad():
        cells = matcher.match(search, matcher.encode_template(template))
        logits, boxes = joint(matcher, template, search)
        again = matcher(template, search)
    assert cells.logits.shape == (2, 256, 2) and cells.boxes.shape == (2, 256, 4)
    assert cells.presence.shape == (2,)
    assert torch.allclose(cells.logits, logits, atol=1e-5)
    assert torch.allclose(cells.boxes, boxes, atol=1e-5)
    assert torch.equal(cells.logits, again.logits)


def test_the_cached_template_never_sees_the_search_image():
    layer = CachedLayer(Shape(16, 4, 32)).eval()
    at = torch.randn(9, 16)
    template = torch.randn(1, 9, 16, requires_grad=True)
    stream, memory = layer.encode(template, at)
    search = torch.randn(1, 25, 16, requires_grad=True)
    layer(search, torch.randn(25, 16), memory).sum().backward()
    assert search.grad.abs().sum() > 0 and template.grad.abs().sum() > 0
    assert stream.shape == (1, 9, 16) and memory.shape == (1, 2, 9, 16)
    mutual = sum(p.numel() for p in MutualLayer(Shape()).parameters())
    cached = sum(p.numel() for p in CachedLayer(Shape()).parameters())
    assert (mutual, cached) == (3_157_504, 1_842_432)  # counted of the originals


def test_positions_code_row_and_column():
    cells, width = 5, 16
    code = sine_positions(cells, width)
    for row, column in ((0, 0), (2, 4), (4, 1)):
        expected = []
        for place in (row, column):
            for k in range(width // 2):
                angle = (place + 1) / cells * 2 * math.pi / 10_000 ** (2 * (k // 2) / (width // 2))
                expected.append(math.cos(angle) if k % 2 else math.sin(angle))
        assert torch.allclose(code[row * cells + column], torch.tensor(expected), atol=1e-6)


@pytest.mark.parametrize('n', [9, 12])
def test_spectra_are_those_of_the_library(n):
    maps = torch.randn(2, 3, 7, 7)
    expected = torch.fft.rfft2(maps, s=(n, n))
    found = Spectrum(7, n)(maps)
    assert torch.allclose(found[..., 0, :, :], expected.real, atol=1e-4)
    assert torch.allclose(found[..., 1, :, :], expected.imag, atol=1e-4)


@pytest.mark.parametrize('template', [6, 10])
def test_correlation_is_the_sum_over_the_template(template):
    size, channels, groups = 11, 4, 2
    search, entries = torch.randn(2, channels, size, size), torch.randn(2, 3, channels, 6, 6)
    half = template // 2
    entries = F.pad(entries, [half - 3] * 4)
    correlation = Correlation(size, template, groups)
    found = correlation(search, correlation.of_template(entries))
    padded = F.pad(search, [half] * 4)
    assert found.shape == (2, 3 * groups, size, size)
    for b, k, g, y, x in ((0, 0, 0, 0, 0), (1, 2, 1, 10, 10), (0, 1, 1, 4, 7), (1, 0, 0, 9, 0)):
        part = slice(g * 2, g * 2 + 2)
        window = padded[b, part, y : y + template, x : x + template]
        expected = (window * entries[b, k, part]).sum()
        assert found[b, k * groups + g, y, x] == pytest.approx(float(expected), abs=1e-4)


def test_the_bank_holds_the_template_in_other_sizes_and_angles():
    """A blob off the middle moves as the pose says; the mass of a perfect fit stays."""
    bank = TemplateBank(16, ((1, 0), (1.25, 0), (1, 90)))
    assert bank.cells == 20
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing='ij')
    blob = torch.exp(-((columns - 11.5) ** 2 + (rows - 7.5) ** 2) / 4)[None, None]
    entries = bank(blob)[0, :, 0]
    axis = torch.arange(20.0) + 0.5 - 10
    middles = [
        ((e.sum(0) * axis).sum() / e.sum(), (e.sum(1) * axis).sum() / e.sum()) for e in entries
    ]
    assert middles[0] == (pytest.approx(4, abs=0.05), pytest.approx(0, abs=0.05))
    assert middles[1] == (pytest.approx(5, abs=0.05), pytest.approx(0, abs=0.05))
    assert middles[2] == (pytest.approx(0, abs=0.05), pytest.approx(4, abs=0.05))
    assert torch.allclose(entries.sum((1, 2)) * 256, blob.sum(), rtol=0.02)


class TestLite:
    config = LiteConfig(template_size=32, search_size=96, narrow=8, wide=12, channels=8, groups=2)

    def test_shapes_and_independence(self):
        net = HeteroLite(self.config).eval()
        template, search = pictures(self.config)
        with torch.no_grad():
            kept = net.encode_template(template)
            cells = net.match(search, kept)
            brighter = net(template * 3 + 1, search * 0.2 - 5)
        assert cells.logits.shape == (2, 144, 2) and cells.boxes.shape == (2, 144, 4)
        assert torch.allclose(cells.logits, net(template, search).logits, atol=1e-5)
        # Gain and offset of a sensor are no content.
        assert torch.allclose(cells.logits, brighter.logits, atol=1e-2)

    def test_convolutions_are_shared_and_norms_are_not(self):
        net = HeteroLite(self.config)
        pairs = zip(net.template.named_modules(), net.search.named_modules(), strict=True)
        for (name, a), (_, b) in pairs:
            if isinstance(a, nn.Conv2d):
                assert (a.weight is b.weight) is not name.startswith('low')
            if isinstance(a, nn.BatchNorm2d):
                assert a.weight is not b.weight

    def test_boxes_start_at_their_cell_with_the_size_of_the_template(self):
        net = HeteroLite(self.config).eval()
        boxes = net._boxes(torch.zeros(1, 144, 4))[0].reshape(12, 12, 4)
        assert torch.allclose(boxes[2, 5], torch.tensor([5.5 / 12, 2.5 / 12, 1 / 3, 1 / 3]))
        assert torch.equal(cell_middles(3)[5], torch.tensor([2.5 / 3, 1.5 / 3]))


def test_faults_are_named():
    with pytest.raises(InputError, match='trunk'):
        MatcherConfig('vgg')
    with pytest.raises(InputError, match='channels'):
        LiteConfig(channels=8, groups=3)
    with pytest.raises(InputError, match='search_size'):
        MatcherConfig(search_size=100)
