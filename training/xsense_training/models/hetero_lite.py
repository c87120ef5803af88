# SPDX-License-Identifier: Apache-2.0
"""The matcher for a robot without a GPU: a small trunk, correlation, a little cached attention.

The same two parts and the same outputs as `HeteroMatcher`, at about a hundredth of its cost:

- trunk of plain 3 x 3 convolutions, features at stride 4 and 8; low stages are each sensor's own,
  high ones share their convolutions, while norms stay each sensor's own (two sensors have two
  statistics, and a norm that has seen both fits neither at inference);
- features of the template at stride 4, in several sizes and angles, correlated with those of the
  search image: where the template lies is then in the data, and the heads only have to read it;
- one layer of cached attention between them at stride 16, where a token sees enough of its
  surroundings to say what it belongs to.

Boxes are read relative to their cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.models.hetero_attention import CachedLayer, Shape, sine_positions
from xsense_training.models.hetero_backbones import STRIDE
from xsense_training.models.hetero_correlation import Correlation, TemplateBank
from xsense_training.models.hetero_matcher import Cells, Mlp

FINE = 4  # stride of the correlated features
ATTENDED = 16  # stride of the tokens of attention


@dataclass(frozen=True)
class LiteConfig:
    """Sizes of the small matcher.

    template_size, search_size: pixels, multiples of 16; narrow, wide: channels at stride 4 and 8
    (wide is also the width of attention); channels, groups: of the correlated features; poses:
    (size factor, degrees) in which the template is correlated; layers, heads, hidden: of
    attention.
    """

    template_size: int = 64
    search_size: int = 192
    narrow: int = 24
    wide: int = 48
    channels: int = 16
    groups: int = 4
    poses: tuple[tuple[float, float], ...] = ((1, 0), (0.85, 0), (1.18, 0))
    layers: int = 1
    heads: int = 4
    hidden: int = 96


class Kept(NamedTuple):
    """What the template has to say: spectra (B, K, C, 2, n, v), memory (B, layers, 2, N, wide)."""

    spectra: Tensor
    memory: Tensor


class Unit(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )


class Residual(nn.Module):
    """Two convolutions around which the input passes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            Unit(width, width), nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same shape."""
        return F.relu(x + self.inner(x))


class LiteStream(nn.Module):
    """One sensor's trunk: (B, 3, H, W) -> features to correlate (stride 4), others (stride 8)."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        narrow, wide = config.narrow, config.wide
        self.low = nn.Sequential(Unit(3, narrow // 2, 2), Unit(narrow // 2, narrow, 2))
        self.fine = Residual(narrow)
        self.coarse = nn.Sequential(Unit(narrow, wide, 2), Residual(wide))
        self.from_fine = nn.Conv2d(narrow, config.channels, 1)
        self.from_coarse = nn.Conv2d(wide, config.channels, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) -> (B, channels, H / 4, W / 4), (B, wide, H / 8, W / 8)."""
        fine = self.fine(self.low(standardised(image)))
        coarse = self.coarse(fine)
        surround = F.interpolate(self.from_coarse(coarse), scale_factor=2.0, mode='nearest')
        found = self.from_fine(fine) + surround
        # As long as one at most, and shorter where there is little to see: no edge wins alone.
        return found / (found.square().sum(dim=1, keepdim=True) + 1).sqrt(), coarse


class HeteroLite(nn.Module):
    """(B, 3, 64, 64) template and (B, 3, 192, 192) search image -> Cells."""

    kept = Kept  # how the tensors of `encode_template` come back from an engine
    at_template: Tensor
    at_search: Tensor

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        wide = config.wide
        shape = Shape(wide, config.heads, config.hidden, dropout=0.0)
        self.template, self.search = LiteStream(config), LiteStream(config)
        share_convolutions(self.template, self.search, without='low')
        self.bank = TemplateBank(config.template_size // FINE, config.poses)
        self.correlation = Correlation(config.search_size // FINE, self.bank.cells, config.groups)
        responses, few = config.groups * len(config.poses), wide // 3
        self.read = nn.Sequential(
            Unit(responses, few), nn.PixelUnshuffle(2), Unit(4 * few, wide, kernel=1)
        )
        self.layers = nn.ModuleList(CachedLayer(shape) for _ in range(config.layers))
        self.mix = nn.Sequential(Unit(3 * wide, wide, kernel=1), Residual(wide))
        self.class_head, self.box_head = Mlp(wide, wide, 2, 2), Mlp(wide, wide, 4, 2)
        self.presence_head = Mlp(wide, wide, 1, 2)
        for name, size in (('template', config.template_size), ('search', config.search_size)):
            code = sine_positions(size // ATTENDED, wide)
            self.register_buffer(f'at_{name}', code, persistent=False)
        self.cells = config.search_size // STRIDE
        self.register_buffer('middles', cell_middles(self.cells), persistent=False)

    def forward(self, template: Tensor, search: Tensor) -> Cells:
        """Both parts in a row."""
        return self.match(search, self.encode_template(template))

    def encode_template(self, template: Tensor) -> Kept:
        """(B, 3, T, T) -> what `match` needs of it."""
        fine, coarse = self.template(template)
        tokens, memories = _tokens(coarse), []
        for layer in self.layers:
            tokens, memory = cast(CachedLayer, layer).encode(tokens, self.at_template)
            memories.append(memory)
        return Kept(self.correlation.of_template(self.bank(fine)), torch.stack(memories, dim=1))

    def match(self, search: Tensor, kept: Kept) -> Cells:
        """(B, 3, S, S), output of `encode_template` -> Cells."""
        fine, coarse = self.search(search)
        responses = self.read(self.correlation(fine, kept.spectra))
        tokens = _tokens(coarse)
        for number, layer in enumerate(self.layers):
            tokens = layer(tokens, self.at_search, kept.memory[:, number])
        side = self.cells * STRIDE // ATTENDED
        attended = tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
        attended = F.interpolate(attended, scale_factor=2.0, mode='nearest')
        joined = torch.cat([responses, coarse, attended], dim=1)
        cells = self.mix(joined).flatten(2).transpose(1, 2)
        presence = self.presence_head(cells.amax(dim=1)).squeeze(1)
        return Cells(self.class_head(cells), self._boxes(self.box_head(cells)), presence)

    def _boxes(self, found: Tensor) -> Tensor:
        """(B, N, 4): the middle as a way from the cell's, the sides against the template's."""
        middles = cast(Tensor, self.middles) + found[..., :2] / self.cells
        usual = self.config.template_size / self.config.search_size
        return torch.cat([middles, usual * found[..., 2:].clamp(-2, 2).exp()], dim=2)


def share_convolutions(first: nn.Module, second: nn.Module, without: str) -> None:
    """Give the second module the first one's convolutions, except below the child named.

    Norms stay apart.
    """
    for (name, a), (_, b) in zip(first.named_modules(), second.named_modules(), strict=True):
        if isinstance(a, nn.Conv2d) and isinstance(b, nn.Conv2d) and name.split('.')[0] != without:
            b.weight, b.bias = a.weight, a.bias


def _tokens(features: Tensor) -> Tensor:
    """(B, C, H, W) at stride 8 -> (B, H / 2 * W / 2, C), means of 2 x 2 cells, row by row."""
    return F.avg_pool2d(features, ATTENDED // STRIDE).flatten(2).transpose(1, 2)


def standardised(image: Tensor) -> Tensor:
    """Every picture to mean 0 and standard deviation 1 over all its values: gain is no content."""
    mean = image.mean(dim=(1, 2, 3), keepdim=True)
    moved = image - mean
    return moved / (moved.square().mean(dim=(1, 2, 3), keepdim=True) + 1e-4).sqrt()


def cell_middles(cells: int) -> Tensor:
    """(cells * cells, 2): x, y of the middle of each cell in shares of the image, row by row."""
    at = (torch.arange(cells) + 0.5) / cells
    return torch.stack(torch.meshgrid(at, at, indexing='xy'), dim=2).flatten(0, 1)
