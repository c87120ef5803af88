# SPDX-License-Identifier: Apache-2.0
"""The operators of ONNX that the shipped bundles are made of, as one or two calls of torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def operators(torch: Any) -> Mapping[str, Callable[..., Any]]:
    """Operators of ONNX opset 18 to 20 by name, as functions of tensors and attributes."""
    types = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool}
    functional = torch.nn.functional

    def convolve(x: Any, weight: Any, bias: Any = None, **a: Any) -> Any:
        x, pads = _padded(functional, x, a)
        return functional.conv2d(x, weight, bias, a['strides'], pads, a['dilations'], a['group'])

    def average(x: Any, **a: Any) -> Any:
        x, pads = _padded(functional, x, a)
        counted = bool(a.get('count_include_pad', 0))
        rounded = bool(a.get('ceil_mode', 0))
        return functional.avg_pool2d(x, a['kernel_shape'], a['strides'], pads, rounded, counted)

    def reduce(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, axes: Any = None, keepdims: int = 1, **_: Any) -> Any:
            over = list(range(x.ndim)) if axes is None else axes.tolist()
            return function(x, dim=over, keepdim=bool(keepdims))

        return call

    def gemm(
        a: Any, b: Any, c: Any = None, alpha: float = 1.0, beta: float = 1.0, **t: int
    ) -> Any:
        a, b = a.T if t.get('transA') else a, b.T if t.get('transB') else b
        return alpha * (a @ b) if c is None else torch.addmm(c, a, b, beta=beta, alpha=alpha)

    def cut(x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
        over = range(len(starts)) if axes is None else axes.tolist()
        parts = [slice(None)] * x.ndim
        strides = [1] * len(starts) if steps is None else steps.tolist()
        for axis, *bounds in zip(over, starts.tolist(), ends.tolist(), strides, strict=True):
            parts[axis] = slice(*bounds)
        return x[tuple(parts)]

    def squeeze(x: Any, axes: Any = None) -> Any:
        return x.squeeze() if axes is None else x.squeeze(tuple(axes.tolist()))

    def unsqueeze(x: Any, axes: Any) -> Any:
        for axis in sorted(axes.tolist()):
            x = x.unsqueeze(axis)
        return x

    def reshape(x: Any, shape: Any, **_: Any) -> Any:
        sizes = [old if new == 0 else new for old, new in zip(
            [*x.shape, *[0] * len(shape)], shape.tolist(), strict=False)]  # fmt: skip
        return x.reshape(sizes)

    def pad(
        x: Any, pads: Any, value: Any = None, axes: Any = None, mode: bytes = b'constant'
    ) -> Any:
        wide = [0] * (2 * x.ndim)
        over = list(range(x.ndim)) if axes is None else axes.tolist()
        for number, axis in enumerate(over):
            place = 2 * (x.ndim - 1 - axis % x.ndim)
            wide[place] = int(pads[number])
            wide[place + 1] = int(pads[number + len(over)])
        kinds = {b'constant': 'constant', b'reflect': 'reflect', b'edge': 'replicate'}
        if kinds[mode] != 'constant':  # torch mirrors the last two axes only
            return functional.pad(x, wide[:4], kinds[mode])
        return functional.pad(x, wide, value=0.0 if value is None else float(value))

    def clip(x: Any, low: Any = None, high: Any = None) -> Any:
        return torch.clamp(x, low, high)

    def gather(x: Any, index: Any, axis: int = 0) -> Any:
        chosen = x.index_select(axis, index.reshape(-1))
        return chosen.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])

    def resize(x: Any, _: Any, scales: Any, mode: bytes = b'nearest', **a: Any) -> Any:
        kinds = {(b'linear', b'half_pixel'): 'bilinear', (b'nearest', b'asymmetric'): 'nearest'}
        kind = kinds[mode, a['coordinate_transformation_mode']]
        return functional.interpolate(x, scale_factor=scales.tolist()[2:], mode=kind)

    def sample(x: Any, grid: Any, mode: bytes, padding_mode: bytes, align_corners: int) -> Any:
        kind = {b'linear': 'bilinear'}[mode]
        return functional.grid_sample(x, grid, kind, padding_mode.decode(), bool(align_corners))

    def normalise(x: Any, weight: Any, bias: Any, axis: int, epsilon: float, **_: Any) -> Any:
        return functional.layer_norm(x, x.shape[axis:], weight, bias, epsilon)

    def largest(x: Any, count: Any, axis: int = -1, **_: Any) -> Any:
        return torch.topk(x, int(count), axis)

    def highest(x: Any, **a: Any) -> Any:
        return functional.max_pool2d(x, a['kernel_shape'], a['strides'], a['pads'][:2])

    return {
        'Abs': torch.abs,
        'Add': torch.add,
        'AveragePool': average,
        'Cast': lambda x, to, **_: x.to(types[to]),
        'Clip': clip,
        'Concat': lambda *parts, axis: torch.cat(parts, axis),
        'Conv': convolve,
        'Div': torch.div,
        'Exp': torch.exp,
        'Expand': lambda x, shape: x.expand(torch.broadcast_shapes(x.shape, shape.tolist())),
        'Gather': gather,
        'GatherND': lambda x, index, **_: x[tuple(index.movedim(-1, 0))],
        'Gemm': gemm,
        'GridSample': sample,
        'Identity': lambda x: x,
        'LayerNormalization': normalise,
        'Log': torch.log,
        'MatMul': torch.matmul,
        'MaxPool': highest,
        'Mul': torch.mul,
        'Neg': torch.neg,
        'Pad': pad,
        'Pow': torch.pow,
        'ReduceL2': reduce(torch.linalg.vector_norm),
        'ReduceLogSumExp': reduce(torch.logsumexp),
        'ReduceMax': reduce(torch.amax),
        'ReduceMean': reduce(torch.mean),
        'ReduceSum': reduce(torch.sum),
        'Relu': torch.relu,
        'Reshape': reshape,
        'Resize': resize,
        'Shape': lambda x, start=0, end=None: torch.tensor(x.shape[start:end]),
        'Sigmoid': torch.sigmoid,
        'Slice': cut,
        'Softmax': lambda x, axis=-1: torch.softmax(x, axis),
        'Split': lambda x, axis, num_outputs: torch.chunk(x, num_outputs, axis),
        'Sqrt': torch.sqrt,
        'Squeeze': squeeze,
        'Sub': torch.sub,
        'TopK': largest,
        'Transpose': lambda x, perm: x.permute(*perm),
        'Unsqueeze': unsqueeze,
    }


def _padded(functional: Any, x: Any, attributes: Mapping[str, Any]) -> tuple[Any, list[int]]:
    """The picture and its symmetric padding; where ONNX asks for more on one side, done here."""
    top, left, bottom, right = attributes.get('pads', (0, 0, 0, 0))
    if (top, left) == (bottom, right):
        return x, [top, left]
    return functional.pad(x, (left, right, top, bottom)), [0, 0]
