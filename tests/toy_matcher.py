# SPDX-License-Identifier: Apache-2.0
"""A tiny but real matcher bundle, made in a moment, and scenes that two sensors see.

It correlates strengths of edges, so it finds a thing whose contrast flips from one sensor to the
other, as long as the thing keeps its shape and about its size. What the template engine keeps is
the weight of a convolution of the search engine.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from tests.toy import onnx_model, save_model
from xsense_ros.engines.bundle import Bundle, describe_model, write_bundle
from xsense_ros.engines.manifest import (
    Manifest,
    MatcherSpec,
    PreprocessSpec,
    PresenceSpec,
    TowerSpec,
)

PAIR = 'visible->infrared'
TEMPLATE, SEARCH, STRIDE = 64, 192, 4
_SHARPNESS = 30.0  # of probability over correlation
_DOUBT = 0.6  # correlation from which a cell rather holds the thing than not


def toy_matcher_bundle(
    folder: Path, *, likely_from: float = 0.54, min_probability: float = 0.5
) -> Bundle:
    """Write and open a bundle whose probability is 0.5 at the correlation `likely_from`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder / 'template.onnx', _template())
    save_model(folder / 'search.onnx', _search())
    presence = PresenceSpec(_SHARPNESS, -_SHARPNESS * likely_from, min_probability)
    towers = (TowerSpec('template', ('template',)), TowerSpec('search', ('search',)))
    manifest = Manifest(
        name=folder.name,
        version='0.0.1',
        licence='Apache-2.0',
        description='Toy matcher for tests: correlates strengths of edges.',
        models={key: describe_model(folder, f'{key}.onnx') for key in ('template', 'search')},
        preprocess={
            'template': PreprocessSpec('template', {'size': TEMPLATE}),
            'search': PreprocessSpec('search', {'size': SEARCH}),
        },
        spaces={},
        matchers={PAIR: MatcherSpec(*towers, window=SEARCH / TEMPLATE, presence=presence)},
    )
    return write_bundle(folder, manifest)


def toy_scene(
    seed: int = 0, columns: int = 640, rows: int = 480
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """What two aligned cameras see: RGB (rows, columns, 3), raw counts of 14 bit (rows, columns).

    Things of random shape and colour; how warm one is says nothing about how bright it is.
    """
    rng = np.random.default_rng(seed)
    visible = np.full((rows, columns, 3), rng.integers(60, 200, 3), np.uint8)
    warm = np.full((rows, columns), 7300.0, np.float32)
    for _ in range(rows * columns // 900):
        middle = (int(rng.integers(columns)), int(rng.integers(rows)))
        axes = tuple(int(v) for v in rng.integers(6, 22, 2))
        turned = float(rng.integers(180))
        shape = cv2.boxPoints((middle, (2.0 * axes[0], 2.0 * axes[1]), turned)).astype(np.int32)
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        heat = float(7300 + rng.choice((-1, 1)) * rng.uniform(60, 200))
        for image, value in ((visible, colour), (warm, heat)):
            if axes[0] % 2:
                cv2.ellipse(image, middle, axes, turned, 0, 360, value, -1)
            else:
                cv2.fillConvexPoly(image, shape, value)
    warm = cv2.GaussianBlur(warm, (0, 0), 1.0) + rng.normal(0, 3, warm.shape)
    return visible, warm.astype(np.uint16)


def _edges(image: str) -> list[NodeProto]:
    """(1, 3, S, S) `image` -> 'edges' (1, 1, S / 4, S / 4): mean root of the steps in a cell."""
    return [
        helper.make_node('ReduceMean', [image], ['grey'], axes=[1], keepdims=1),
        helper.make_node('Pad', ['grey', 'margin'], ['padded'], mode='edge'),
        helper.make_node('Conv', ['padded', 'sobel'], ['steps']),
        helper.make_node('Abs', ['steps'], ['sizes']),
        helper.make_node('Sqrt', ['sizes'], ['roots']),
        helper.make_node('ReduceMean', ['roots'], ['strength'], axes=[1], keepdims=1),
        helper.make_node(
            'AveragePool',
            ['strength'],
            ['edges'],
            kernel_shape=[STRIDE, STRIDE],
            strides=[STRIDE, STRIDE],
        ),
    ]


def _edge_constants() -> dict[str, NDArray[np.generic]]:
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 8
    return {
        'margin': np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        'sobel': np.stack([across, across.T])[:, None],
    }


def _template() -> object:
    cells = TEMPLATE // STRIDE
    nodes = [
        *_edges('template'),
        helper.make_node('ReduceMean', ['edges'], ['mean'], keepdims=1),
        helper.make_node('Sub', ['edges', 'mean'], ['centred']),
        helper.make_node('ReduceL2', ['centred'], ['length'], keepdims=1),
        helper.make_node('Add', ['length', 'little'], ['safe']),
        helper.make_node('Div', ['centred', 'safe'], ['kept_0']),
    ]
    inputs = [('template', TensorProto.FLOAT, [1, 3, TEMPLATE, TEMPLATE])]
    kept = ('kept_0', TensorProto.FLOAT, [1, 1, cells, cells])
    return onnx_model(
        nodes, inputs, kept, {**_edge_constants(), 'little': np.array(1e-6, np.float32)}
    )


def _search() -> object:
    """Normalised cross-correlation: each cell holds the template's middle at its corner."""
    kernel, grid = TEMPLATE // STRIDE, SEARCH // STRIDE + 1
    count = grid * grid
    pads = [kernel // 2] * 4
    nodes = [
        *_edges('search'),
        helper.make_node('Conv', ['edges', 'kept_0'], ['product'], pads=pads),
        helper.make_node('Mul', ['edges', 'edges'], ['square']),
        helper.make_node('Conv', ['square', 'ones'], ['mean_square'], pads=pads),
        helper.make_node('Conv', ['edges', 'ones'], ['mean'], pads=pads),
        helper.make_node('Mul', ['mean', 'mean'], ['square_mean']),
        helper.make_node('Sub', ['mean_square', 'square_mean'], ['rough']),
        helper.make_node('Max', ['rough', 'little'], ['variance']),
        helper.make_node('Mul', ['variance', 'cells'], ['energy']),
        helper.make_node('Sqrt', ['energy'], ['length']),
        helper.make_node('Div', ['product', 'length'], ['correlation']),
        helper.make_node('Reshape', ['correlation', 'column'], ['likeness']),
        helper.make_node('Mul', ['likeness', 'gain'], ['here']),
        helper.make_node('Mul', ['likeness', 'zero'], ['none']),
        helper.make_node('Add', ['none', 'doubt'], ['nothing']),
        helper.make_node('Concat', ['here', 'nothing'], ['logits'], axis=2),
        helper.make_node('Identity', ['places'], ['boxes']),
        helper.make_node('ReduceMax', ['likeness'], ['most'], keepdims=0),
        helper.make_node('Reshape', ['most', 'one'], ['presence']),
    ]
    inputs = [
        ('search', TensorProto.FLOAT, [1, 3, SEARCH, SEARCH]),
        ('kept_0', TensorProto.FLOAT, [1, 1, kernel, kernel]),
    ]
    outputs = [
        ('logits', TensorProto.FLOAT, [1, count, 2]),
        ('boxes', TensorProto.FLOAT, [1, count, 4]),
        ('presence', TensorProto.FLOAT, [1]),
    ]
    down, right = np.indices((grid, grid)).reshape(2, count) * STRIDE / SEARCH
    sides = np.full(count, TEMPLATE / SEARCH)
    constants = {
        **_edge_constants(),
        'ones': np.full((1, 1, kernel, kernel), 1 / kernel**2, np.float32),
        'cells': np.array(kernel**2, np.float32),
        'little': np.array(1e-5, np.float32),
        'gain': np.array(_SHARPNESS, np.float32),
        'zero': np.array(0, np.float32),
        'doubt': np.array(_SHARPNESS * _DOUBT, np.float32),
        'column': np.array([1, count, 1], np.int64),
        'one': np.array([1], np.int64),
        'places': np.stack([right, down, sides, sides], axis=1).astype(np.float32)[None],
    }
    return onnx_model(nodes, inputs, outputs, constants)
