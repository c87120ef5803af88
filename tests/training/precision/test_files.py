# SPDX-License-Identifier: Apache-2.0
"""fp16 and int8 files: what is in the graph, and the numbers that come out of it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.training.precision.networks import (
    RNG,
    graph,
    network,
    run,
    types,
)
from xsense_ros.errors import InputError
from xsense_training.commands.precision import command
from xsense_training.export.precision_half import plain_weights, to_half
from xsense_training.export.precision_int8 import FIRST_IN_FLOAT, to_int8, weight_scales


class TestHalf:
    def test_products_are_half_and_islands_single(self):
        half = to_half(network())
        kinds = types(half)
        of = {node.name: node for node in half.graph.node}
        assert kinds[of['conv0'].input[0]] == kinds[of['relu11'].output[0]] == TensorProto.FLOAT16
        assert kinds[of['dense'].output[0]] == TensorProto.FLOAT16
        for island in ('mean', 'norm', 'unit'):
            assert kinds[of[island].output[0]] == TensorProto.FLOAT
        assert kinds['image'] == kinds['vector'] == TensorProto.FLOAT
        # One cast at every change of precision, and none for weights.
        assert sum(node.op_type == 'Cast' for node in half.graph.node) == 4

    def test_the_emulation_rounds_where_the_graph_is_half(self):
        # y = (x w) with x, w and the product rounded to half: as numpy says.
        x, w = RNG.standard_normal((5, 8)), RNG.standard_normal((8, 4))
        x, w = x.astype(np.float32), w.astype(np.float32)
        product = helper.make_node('MatMul', ['x', 'w'], ['y'], name='product')
        model = graph([product], {'x': [5, 8]}, {'y': [5, 4]}, {'w': w})
        naive = x.astype(np.float16).astype(np.float32) @ w.astype(np.float16).astype(np.float32)
        found = run(to_half(model, emulated=True), {'x': x})
        np.testing.assert_array_equal(found, found.astype(np.float16))
        np.testing.assert_allclose(found, naive.astype(np.float16), rtol=1e-3)
        assert np.abs(found - x @ w).max() > 1e-5

    def test_the_emulation_shows_an_overflow_that_a_processor_hides(self):
        nodes = [
            helper.make_node('MatMul', ['x', 'w'], ['large'], name='up'),
            helper.make_node('MatMul', ['large', 'v'], ['y'], name='down'),
        ]
        constants = {'w': np.full((1, 1), 6e4, np.float32), 'v': np.full((1, 1), 1e-4, np.float32)}
        model = graph(nodes, {'x': [1, 1]}, {'y': [1, 1]}, constants)
        ten = {'x': np.full((1, 1), 10, np.float32)}
        assert run(to_half(model), ten) == pytest.approx(60, rel=0.01)
        assert np.isinf(run(to_half(model, emulated=True), ten))

    def test_both_agree_with_single(self):
        model, images = network(), RNG.standard_normal((4, 3, 32, 32)).astype(np.float32)
        exact = run(model, {'image': images})
        for emulated in (False, True):
            found = run(to_half(model, emulated=emulated), {'image': images})
            assert found.dtype == np.float32
            assert np.sum(exact * found, axis=1).min() > 0.9999

    def test_a_weight_beyond_half_is_refused(self):
        product = helper.make_node('MatMul', ['x', 'w'], ['y'])
        w = np.full((1, 1), 1e6, np.float32)
        with pytest.raises(InputError, match='fp16'):
            to_half(graph([product], {'x': [1, 1]}, {'y': [1, 1]}, {'w': w}))

    def test_two_islands_may_share_a_constant(self):
        nodes = [
            helper.make_node('MatMul', ['x', 'w'], ['a'], name='a'),
            helper.make_node('Div', ['a', 'c'], ['b'], name='b'),
            helper.make_node('MatMul', ['b', 'w'], ['d'], name='d'),
            helper.make_node('Div', ['d', 'c'], ['y'], name='y'),
        ]
        constants = {'w': np.eye(2, dtype=np.float32), 'c': np.full(2, 2, np.float32)}
        model = to_half(graph(nodes, {'x': [1, 2]}, {'y': [1, 2]}, constants))
        np.testing.assert_allclose(run(model, {'x': np.float32([[4, 8]])}), [[1, 2]])

    def test_plain_weights_are_the_stored_ones(self):
        model, images = network(), RNG.standard_normal((1, 3, 32, 32)).astype(np.float32)
        plain = plain_weights(model)
        assert 'Cast' not in {node.op_type for node in plain.graph.node}
        np.testing.assert_allclose(
            run(plain, {'image': images}), run(model, {'image': images}), atol=1e-6
        )


@pytest.fixture(scope='module')
def images():
    """Smooth pictures, so that a range seen on some holds for others."""
    rough = RNG.standard_normal((12, 3, 8, 8)).astype(np.float32)
    return rough.repeat(4, axis=2).repeat(4, axis=3)


@pytest.fixture(scope='module')
def integers(images):
    model, feeds = network(), [{'image': image[None]} for image in images[:8]]
    return {s: to_int8(model, feeds, symmetric=s) for s in (False, True)}


@pytest.mark.parametrize('symmetric', [False, True])
def test_integers_stay_close_to_single(integers, images, symmetric):
    exact = run(network(), {'image': images[8:]})
    found = run(integers[symmetric], {'image': images[8:]})
    assert np.sum(exact * found, axis=1).min() > 0.98


def test_first_layers_and_heads_stay_in_float(integers):
    for model in integers.values():
        made = {name: node for node in model.graph.node for name in node.output}
        of = {node.name: node for node in model.graph.node}
        for name, integer in (('conv7', False), ('conv9', True), ('dense', False)):
            before = made[of[name].input[0]].op_type
            assert (before == 'DequantizeLinear') == integer


def test_fewer_layers_stay_in_float_where_asked_for(images):
    model = to_int8(network(), [{'image': images[:1]}], symmetric=False, float_first=0)
    made = {name: node for node in model.graph.node for name in node.output}
    (first,) = (node for node in model.graph.node if node.name == 'conv0')
    assert made[first.input[0]].op_type == made[first.input[1]].op_type == 'DequantizeLinear'
    (option,) = (one for one in command.params if one.name == 'float_first')
    assert option.default == FIRST_IN_FLOAT


@given(
    seed=st.integers(0, 999),
    width=st.integers(1, 5),
    side=st.sampled_from([1, 2, 3]),
    tail=st.sampled_from([1, 5]),
)
def test_no_two_neighbours_overflow_and_nothing_is_given_away(seed, width, side, tail):
    # Trained weights have tails: some are far larger than the rest.
    weights = np.random.default_rng(seed).standard_normal((3, width, side, side)) ** tail
    scales = weight_scales(weights, 0)
    for channel, scale in zip(weights, scales, strict=True):
        whole = np.rint(channel / scale).astype(int)
        assert np.abs(whole).max() <= 127
        sums = [0]
        for flat in (whole.ravel(), whole.transpose(1, 2, 0).ravel()):
            for one, other in zip(flat, [*flat[1:], 0], strict=True):
                sums += [max(one, 0) + max(other, 0), max(-one, 0) + max(-other, 0)]
        assert max(sums) * 255 < 2**15
        assert max(sums) >= 126


@pytest.mark.parametrize('kind', ['Conv', 'MatMul'])
def test_integers_do_not_overflow(kind):
    # The worst that can be: all weights and all activations at the end of their ranges.
    shape = (4, 16, 3, 3) if kind == 'Conv' else (16, 4)
    inputs = [1, 16, 3, 3] if kind == 'Conv' else [1, 16]
    outputs = [1, 4, 1, 1] if kind == 'Conv' else [1, 4]
    model = graph(
        [helper.make_node(kind, ['x', 'w'], ['y'], name='product')],
        {'x': inputs}, {'y': outputs}, {'w': np.ones(shape, np.float32)},
    )  # fmt: skip
    feed = {'x': np.ones(inputs, np.float32)}
    found = run(to_int8(model, [feed], symmetric=False, float_first=0), feed)
    np.testing.assert_allclose(found, run(model, feed), rtol=0.02)


def test_the_form_that_tensorrt_takes(integers):
    model = integers[True]
    constants = {one.name: one for one in model.graph.initializer}
    pairs = [node for node in model.graph.node if node.op_type.endswith('quantizeLinear')]
    pairs += [node for node in model.graph.node if node.op_type == 'QuantizeLinear']
    assert pairs
    for node in pairs:
        zero = constants[node.input[2]]
        assert zero.data_type == TensorProto.INT8  # neither unsigned nor an int32 bias
        assert not numpy_helper.to_array(zero).any()
    assert 'INT32' not in {TensorProto.DataType.Name(c.data_type) for c in constants.values()}


def test_tensorrt_builds_both(integers, tmp_path):
    pytest.importorskip('tensorrt_rtx', reason='tensorrt-rtx is not installed')
    from xsense_ros.engines.tensorrt_build import BuildSettings, build_plan
    from xsense_ros.engines.tensorrt_vendor import load_vendor

    vendor = load_vendor('tensorrt_rtx')
    for name, model in (('int8', integers[True]), ('fp16', to_half(network()))):
        onnx.save(model, tmp_path / f'{name}.onnx')
        settings = BuildSettings(compute_capabilities=('8.9',))
        assert len(build_plan(vendor, tmp_path / f'{name}.onnx', settings)) > 1000
