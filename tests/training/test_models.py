# SPDX-License-Identifier: Apache-2.0
"""Shapes, invariances and identities of trunks and heads."""

from __future__ import annotations

import copy
import json
import struct

import numpy as np
import pytest
import torch

from xsense_training.models.efficientnet_lite0 import (
    EfficientNetLite0,
    SameConv,
    fold_batch_norm,
    rename,
)
from xsense_training.models.heads import ConcatHead, LinearHead, ResidualHead
from xsense_training.models.sound_tower import LogMelStatistics, SoundCnn, SoundTower, SoundTrunk
from xsense_training.models.text_tower import (
    TextTower,
    TokenMean,
    load_token_table,
)

RNG = np.random.default_rng(0)


@pytest.fixture(scope='module')
def trunk():
    torch.manual_seed(0)
    model = EfficientNetLite0()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics that folding must honour
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model.eval()


class TestEfficientNetLite0:
    def test_size_is_the_published_one(self, trunk):
        counted = sum(p.numel() for p in trunk.parameters())
        assert counted + 1280 * 1000 + 1000 == 4_652_008  # with the ImageNet classifier

    def test_folding_changes_nothing(self, trunk):
        image = torch.randn(2, 3, 64, 64)
        with torch.no_grad():
            before = trunk(image)
            folded = fold_batch_norm(copy.deepcopy(trunk))
            after = folded(image)
        assert before.shape == (2, 1280)
        assert torch.allclose(before, after, atol=1e-4)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())

    def test_same_padding_keeps_the_last_pixel_for_stride_two(self):
        """TensorFlow pads an even image at the bottom right: output 0 sees pixels 0, 1, 2."""
        conv = SameConv(1, 1, 3, stride=2, activation=False).eval()
        with torch.no_grad():
            conv[1].weight.fill_(1)
            found = conv(torch.arange(16.0).reshape(1, 1, 4, 4))
        corner = sum(range(3)) + sum(range(4, 7)) + sum(range(8, 11))
        assert found[0, 0, 0, 0].item() == pytest.approx(corner, rel=1e-2)
        assert found.shape[-2:] == (2, 2)

    def test_every_published_name_has_a_place(self):
        model = EfficientNetLite0()
        published = {}
        for key, value in model.state_dict().items():
            published[_published_name(key, value)] = value
        published['_fc.weight'] = torch.zeros(1000, 1280)
        renamed = rename(published)
        assert renamed.keys() == model.state_dict().keys()
        assert all(torch.equal(renamed[k], v) for k, v in model.state_dict().items())


def _published_name(key, value):
    """The name that the published state dict gives to a tensor of this module."""
    parts = key.split('.')
    is_conv = value.ndim == 4
    if parts[0] in ('stem', 'head'):
        layer = {'stem': ('_conv_stem', '_bn0'), 'head': ('_conv_head', '_bn1')}[parts[0]]
        return f'{layer[0] if is_conv else layer[1]}.{parts[-1]}'
    layer = {
        'expand': ('_expand_conv', '_bn0'),
        'depthwise': ('_depthwise_conv', '_bn1'),
        'project': ('_project_conv', '_bn2'),
    }[parts[2]]
    return f'_blocks.{parts[1]}.{layer[0] if is_conv else layer[1]}.{parts[-1]}'


class TestHeads:
    def test_a_residual_head_starts_at_its_closed_form(self):
        weight, bias = RNG.standard_normal((4, 7)), RNG.standard_normal(4)
        x = RNG.standard_normal((5, 7)).astype(np.float32) * 3 + 1
        head = ResidualHead(7, 4, hidden=8).eval()
        head.standardise(x.mean(axis=0), x.std(axis=0))
        head.set_linear(weight, bias)
        with torch.no_grad():
            found = head(torch.from_numpy(x)).numpy()
            alone = LinearHead(weight, bias)(torch.from_numpy(x)).numpy()
        y = x @ weight.T + bias
        assert np.allclose(found, y / np.linalg.norm(y, axis=1, keepdims=True), atol=1e-5)
        assert np.allclose(found, alone, atol=1e-5)

    def test_side_by_side_means_the_cosines(self):
        heads = [LinearHead(RNG.standard_normal((3, 6)), np.zeros(3)) for _ in range(2)]
        both = ConcatHead(heads, [0.3, 0.7])
        x = torch.from_numpy(RNG.standard_normal((4, 6)).astype(np.float32))
        with torch.no_grad():
            z = both(x)
            a, b = (head(x) for head in heads)
        assert torch.allclose(z.norm(dim=1), torch.ones(4), atol=1e-6)
        assert torch.allclose(z @ z.T, 0.3 * a @ a.T + 0.7 * b @ b.T, atol=1e-6)

    def test_shares_must_sum_to_one(self):
        with pytest.raises(ValueError, match='sum to 1'):
            ConcatHead([LinearHead(np.eye(2), np.zeros(2))], [0.5])


class TestText:
    table = RNG.standard_normal((20, 8)).astype(np.float32)

    def test_mean_ignores_padding_and_order(self):
        words = TokenMean(self.table, np.ones(20, np.float32))
        ids = torch.tensor([[3, 5, 7, 0], [7, 3, 5, 9]])
        mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 0]])
        found = words(ids, mask).numpy()
        assert np.allclose(found[0], self.table[[3, 5, 7]].mean(axis=0), atol=1e-6)
        assert np.allclose(found[0], found[1], atol=1e-6)

    def test_weights_count(self):
        weights = np.ones(20, np.float32)
        weights[3] = 0
        words = TokenMean(self.table, weights)
        found = words(torch.tensor([[3, 5]]), torch.ones(1, 2)).numpy()
        assert np.allclose(found[0], self.table[5], atol=1e-6)

    def test_tower_gives_unit_vectors(self):
        head = LinearHead(RNG.standard_normal((4, 8)), np.zeros(4))
        tower = TextTower(TokenMean(self.table, np.ones(20, np.float32)), head)
        z = tower(torch.tensor([[3, 5]]), torch.ones(1, 2))
        assert z.norm().item() == pytest.approx(1, abs=1e-6)

    def test_safetensors_file_is_read(self, tmp_path):
        half = self.table.astype('<f2')
        header = json.dumps(
            {'embedding.weight': {'dtype': 'F16', 'shape': [20, 8], 'data_offsets': [0, 320]}}
        ).encode()
        file = tmp_path / 'table.safetensors'
        file.write_bytes(struct.pack('<Q', len(header)) + header + half.tobytes())
        assert np.array_equal(load_token_table(file), half.astype(np.float32))


class TestSound:
    def test_statistics_by_hand(self):
        x = torch.randn(2, 1, 40, 6)
        found = LogMelStatistics(6)(x).numpy()
        bands = x[:, 0].numpy()
        assert found.shape == (2, LogMelStatistics(6).features)
        assert np.allclose(found[:, :6], bands.mean(axis=1), atol=1e-5)
        assert np.allclose(found[:, 6:12], bands.std(axis=1), atol=1e-4)
        assert np.allclose(found[:, 12:18], bands.max(axis=1), atol=1e-5)
        change = np.abs(np.diff(bands, axis=1)).mean(axis=1)
        assert np.allclose(found[:, 18:24], change, atol=1e-5)
        first = bands[:, :10].mean(axis=1) - bands.mean(axis=1)
        assert np.allclose(found[:, 24:30], first, atol=1e-5)

    def test_cnn_ignores_gain(self):
        cnn = SoundCnn((4, 8)).eval()
        x = torch.randn(1, 1, 32, 16)
        with torch.no_grad():
            assert torch.allclose(cnn(x), cnn(x + 3), atol=1e-4)

    def test_tower_joins_both_trunks(self):
        trunk = SoundTrunk(LogMelStatistics(16), SoundCnn((4, 8)))
        head = LinearHead(RNG.standard_normal((5, trunk.features)), np.zeros(5))
        z = SoundTower(trunk, head).eval()(torch.randn(3, 1, 32, 16))
        assert z.shape == (3, 5) and torch.allclose(z.norm(dim=1), torch.ones(3), atol=1e-5)
