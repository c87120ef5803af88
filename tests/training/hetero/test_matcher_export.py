# SPDX-License-Identifier: Apache-2.0
"""Two engines of a matcher, run one after the other as a robot does."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from xsense_training.export.matcher_export import SEARCH_FILE, TEMPLATE_FILE, export_matcher
from xsense_training.models.hetero_lite import HeteroLite, LiteConfig

CONFIG = LiteConfig(template_size=32, search_size=96, narrow=8, wide=12, channels=8)


@pytest.fixture(scope='module')
def net():
    torch.manual_seed(0)
    net = HeteroLite(CONFIG)
    with torch.no_grad():  # statistics that inference must honour
        net.train()(torch.randn(4, 3, 32, 32), torch.randn(4, 3, 96, 96))
    return net.eval()


@pytest.fixture(scope='module')
def exported(net, tmp_path_factory):
    folder = tmp_path_factory.mktemp('matcher')
    return folder, export_matcher(net, 32, 96, folder)


def test_the_engines_compute_what_torch_computes(exported, net):
    folder, report = exported
    assert max(report.template.error, report.search.error) < 1e-5
    encoder, finder = (
        onnxruntime.InferenceSession(str(folder / name), providers=['CPUExecutionProvider'])
        for name in (TEMPLATE_FILE, SEARCH_FILE)
    )
    template, search = torch.randn(1, 3, 32, 32), torch.randn(2, 3, 96, 96)
    kept = encoder.run(None, {'template': template.numpy()})
    names = [output.name for output in encoder.get_outputs()]
    for frame in search:  # one template, several frames
        feed = {'search': frame[None].numpy(), **dict(zip(names, kept, strict=True))}
        found = finder.run(['logits', 'boxes', 'presence'], feed)
        with torch.no_grad():
            expected = net(template, frame[None])
        for one, other in zip(found, expected, strict=True):
            assert np.abs(one - other.numpy()).max() < 1e-5


def test_nothing_in_them_depends_on_the_data(exported):
    folder, report = exported
    for name in (TEMPLATE_FILE, SEARCH_FILE):
        graph = onnx.load(str(folder / name)).graph
        kinds = {node.op_type for node in graph.node}
        assert not kinds & {
            'Shape',
            'NonZero',
            'Where',
            'Loop',
            'If',
            'Attention',
            'BatchNormalization',
        }
        for value in [*graph.input, *graph.output]:
            assert all(dim.HasField('dim_value') for dim in value.type.tensor_type.shape.dim)
    assert 0.5 < report.share < 1
