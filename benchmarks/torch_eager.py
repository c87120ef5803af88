# SPDX-License-Identifier: Apache-2.0
"""The ONNX files of a tower run by PyTorch, operator by operator: what it costs not to export.

Only where torch and onnx are installed. Most operators are one call of torch; a tower with others
is left out, and so is one whose result is not that of ONNX Runtime.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.subjects import THREADS, Subject, Tensors
from benchmarks.torch_operators import operators
from xsense_ros.errors import EngineError

TORCH = 'torch eager'
_TOLERANCE = 1e-3
_OPSET = 18  # from which axes are inputs
_CURE = 'look at the other backends'


class TorchEager:
    """ONNX graphs one after the other, float32, without gradients."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._torch, onnx = _needed('torch'), _needed('onnx')
        self._torch.set_num_threads(THREADS)
        self._operators = operators(self._torch)
        self._graphs = [self._read(onnx, path) for path in paths]

    @classmethod
    def of(cls, subject: Subject, bare: Callable[[Tensors], Any]) -> TorchEager:
        """The tower in torch.

        Args:
            subject: the tower.
            bare: what gives the right outputs.

        Raises:
            EngineError: torch is missing, an operator is not known here, or the results differ.
        """
        made = cls([subject.bundle.model_path(stage) for stage in subject.tower.stages])
        inputs = subject.prepare()
        try:
            ours = made(inputs)
        except (RuntimeError, TypeError, ValueError, IndexError, KeyError) as error:
            raise EngineError(TORCH, str(error), 'operators as in ONNX', _CURE) from error
        for name, right in bare(inputs).items():
            difference = float(np.abs(ours[name] - right).max())
            if not difference <= _TOLERANCE * max(1.0, float(np.abs(right).max())):
                raise EngineError(TORCH, difference, f'{name} as of ONNX Runtime', _CURE)
        return made

    def __call__(self, inputs: Tensors) -> dict[str, Any]:
        """Outputs of the last graph as arrays."""
        values = {name: self._torch.from_numpy(value) for name, value in inputs.items()}
        with self._torch.inference_mode():
            for constants, nodes, names, outputs in self._graphs:
                known = {**constants, **dict(zip(names, values.values(), strict=False))}
                for operator, taken, given, attributes in nodes:
                    found = operator(*(known[name] for name in taken), **attributes)
                    known.update(zip(given, found if len(given) > 1 else (found,), strict=True))
                values = {name: known[name] for name in outputs}
        return {name: value.numpy() for name, value in values.items()}

    def _read(self, onnx: Any, path: Path) -> tuple[Any, ...]:
        model = onnx.load(path)
        graph, opset = model.graph, model.opset_import[0].version
        if opset < _OPSET:
            raise EngineError(TORCH, opset, f'operators of opset {_OPSET} on', _CURE)
        missing = sorted({n.op_type for n in graph.node} - set(self._operators))
        if missing:
            raise EngineError(TORCH, missing, 'operators that are translated', _CURE)
        constants = {'': None}
        for one in graph.initializer:
            array = onnx.numpy_helper.to_array(one)
            constants[one.name] = self._torch.from_numpy(np.array(array))
        nodes = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            operator = self._operators[node.op_type]
            nodes.append((operator, tuple(node.input), tuple(node.output), attributes))
        # Graphs list their inputs in the order of the manifest's tensors.
        names = [one.name for one in graph.input]
        return constants, nodes, names, [one.name for one in graph.output]


def _needed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EngineError(TORCH, str(error), f'{module}', 'make test installs it') from error
