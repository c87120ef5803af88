# SPDX-License-Identifier: Apache-2.0
"""A matcher -> two ONNX files of static shape: what runs once a template, what runs once a frame.

Nothing in them depends on the data's shape: no masks, no loops, no free axes. Attention is written
as products and a softmax, so that every runtime fuses it in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import onnx
import onnxslim
import torch
from torch import Tensor, nn

from xsense_training.evaluate.cost import count_macs, count_parameters, free_axes_as_one
from xsense_training.export.onnx_export import (
    TOLERANCE,
    NumericGateError,
    relative_error,
    run_all,
    traced,
    without_metadata,
)
from xsense_training.models.hetero_matcher import Cells

TEMPLATE_FILE, SEARCH_FILE = 'template.onnx', 'search.onnx'


class Matcher(Protocol):
    """What both kinds of matcher offer."""

    def encode_template(self, template: Tensor) -> Tensor | Sequence[Tensor]:
        """(1, 3, T, T) -> what is kept, one tensor or several."""
        ...


@dataclass(frozen=True)
class EngineReport:
    """One engine. error: largest |ONNX - torch| over the largest |torch|; bytes: of its file."""

    error: float
    parameters: int
    macs: int
    bytes: int


@dataclass(frozen=True)
class MatcherReport:
    """Both engines; `share`: of the MACs of a template and a frame that a frame alone takes."""

    template: EngineReport
    search: EngineReport

    @property
    def share(self) -> float:
        """MACs of the search engine over those of both."""
        return self.search.macs / (self.search.macs + self.template.macs)


def export_matcher(
    matcher: nn.Module, template_size: int, search_size: int, folder: Path
) -> MatcherReport:
    """Write template.onnx and search.onnx and pass them through the numeric gate.

    template.onnx: 'template' (1, 3, T, T) -> 'kept_0', 'kept_1', ...; search.onnx: 'search'
    (1, 3, S, S) and those -> 'logits' (1, N, 2), 'boxes' (1, N, 4) and 'presence' (1,) where the
    matcher has it.

    Raises:
        NumericGateError: an engine does not compute what torch computes.
    """
    matcher = matcher.eval()
    generator = torch.Generator().manual_seed(0)
    template, search = (
        torch.rand(1, 3, size, size, generator=generator) for size in (template_size, search_size)
    )
    encoder, finder = _Encoder(matcher), _Finder(matcher)
    with torch.no_grad():
        kept = encoder(template)
    names = [f'kept_{number}' for number in range(len(kept))]
    folder.mkdir(parents=True, exist_ok=True)
    return MatcherReport(
        _export(encoder, {'template': template}, names, folder / TEMPLATE_FILE),
        _export(
            finder,
            {'search': search, **dict(zip(names, kept, strict=True))},
            ['logits', 'boxes', 'presence'],
            folder / SEARCH_FILE,
        ),
    )


class _Encoder(nn.Module):
    def __init__(self, matcher: nn.Module) -> None:
        super().__init__()
        self.matcher = matcher

    def forward(self, template: Tensor) -> tuple[Tensor, ...]:
        kept = self.matcher.encode_template(template)  # type: ignore[operator]
        return (kept,) if isinstance(kept, Tensor) else tuple(kept)


class _Finder(nn.Module):
    def __init__(self, matcher: nn.Module) -> None:
        super().__init__()
        self.matcher = matcher

    def forward(self, search: Tensor, *kept: Tensor) -> tuple[Tensor, ...]:
        cells: Cells = self.matcher.match(search, _again(self.matcher, kept))  # type: ignore[operator]
        return tuple(output for output in cells if output is not None)


def _again(matcher: nn.Module, kept: tuple[Tensor, ...]) -> object:
    """What `match` wants: the only tensor, or the named tuple again."""
    build = getattr(matcher, 'kept', None)
    return kept[0] if build is None else build(*kept)


def _export(
    module: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], path: Path
) -> EngineReport:
    with torch.no_grad():
        expected = [output.numpy() for output in module(*inputs.values())]
    # Names of outputs that a matcher lacks are left over at the end.
    model = without_metadata(onnxslim.slim(traced(module, inputs, outputs[: len(expected)])))
    found = run_all(model, inputs)
    error = max(relative_error(f, e) for f, e in zip(found, expected, strict=True))
    if error > TOLERANCE:
        raise NumericGateError(f'{path.name}: ONNX differs from torch by {error:.2e}')
    onnx.save(model, str(path))
    shaped = free_axes_as_one(model)
    return EngineReport(error, count_parameters(shaped), count_macs(shaped), path.stat().st_size)
