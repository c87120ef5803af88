# SPDX-License-Identifier: Apache-2.0
"""The matcher for a robot without a GPU: a small trunk, correlation, a little cached attention.

The same two parts and the same outputs as `HeteroMatcher`, at about a hundredth of its cost:

- both pictures against their own surroundings, pixel by pixel (`local_views`): what two sensors
  have in common is where something changes, not by how much;
- trunk of plain convolutions, features at stride 4 and 8; low stages are each sensor's own and
  start as filters of oriented edges, high ones share their convolutions, while norms stay each
  sensor's own (two sensors have two statistics, and a norm that has seen both fits neither at
  inference);
- features of the template at stride 4, in several sizes and angles, correlated with those of the
  search image: where the template lies is then in the data, and the heads only have to read it;
- one layer of cached attention between them at stride 16, where a token sees enough of its
  surroundings to say what it belongs to.

Boxes are read relative to their cell. Presence is read from the looks of the best cell and from
how far the best place of the correlation stands out from its rivals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_training.models.hetero_attention import CachedLayer, Shape, sine_positions
from xsense_training.models.hetero_backbones import STRIDE
from xsense_training.models.hetero_correlation import Correlation, TemplateBank
from xsense_training.models.hetero_matcher import Cells, Mlp
from xsense_training.models.local_views import LOCAL_VIEWS, local_views

FINE = 4  # stride of the correlated features
ATTENDED = 16  # stride of the tokens of attention
PEAK = 10  # numbers in `_presence`


@dataclass(frozen=True)
class LiteConfig:
    """Sizes of the small matcher.

    template_size, search_size: pixels, multiples of 16; first, narrow, wide: channels at stride 2,
    4 and 8 (wide is also the width of attention); deep: residual blocks at stride 4; channels,
    groups: of the correlated features; poses: (size factor, degrees) in which the template is
    correlated; layers, heads, hidden: of attention.
    """

    template_size: int = 64
    search_size: int = 192
    first: int = 20
    narrow: int = 24
    wide: int = 40
    deep: int = 1
    channels: int = 24
    groups: int = 6
    poses: tuple[tuple[float, float], ...] = ((1, 0), (0.85, 0), (1.18, 0))
    layers: int = 1
    heads: int = 4
    hidden: int = 96

    def __post_init__(self) -> None:
        if self.channels % self.groups:
            raise InputError(
                'channels', self.channels, f'a multiple of groups, {self.groups}', 'correct it'
            )


class Kept(NamedTuple):
    """What the template has to say: spectra (B, K, C, 2, n, v), memory (B, layers, 2, N, wide)."""

    spectra: Tensor
    memory: Tensor


class Seen(NamedTuple):
    """What a search image has to say to any template: fine and coarse features."""

    fine: Tensor
    coarse: Tensor


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

    def __init__(self, config: LiteConfig, colours: int) -> None:
        super().__init__()
        self.colours = colours
        first, narrow, wide = config.first, config.narrow, config.wide
        self.low = nn.Sequential(
            Unit(LOCAL_VIEWS * colours + 1, first, 2, kernel=5), Unit(first, narrow, 2)
        )
        self.fine = nn.Sequential(*(Residual(narrow) for _ in range(config.deep)))
        self.coarse = nn.Sequential(Unit(narrow, wide, 2), Residual(wide))
        self.from_fine = nn.Conv2d(narrow, config.channels, 1)
        self.from_coarse = nn.Conv2d(wide, config.channels, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) -> (B, channels, H / 4, W / 4), (B, wide, H / 8, W / 8)."""
        if self.colours == 1:
            image = image.mean(dim=1, keepdim=True)
        fine = self.fine(self.low(local_views(image)))
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
        self.template, self.search = LiteStream(config, 3), LiteStream(config, 1)
        for stream in (self.template, self.search):
            start_oriented(stream)
        share_convolutions(self.template, self.search, without='low')
        self.bank = TemplateBank(config.template_size // FINE, config.poses)
        self.correlation = Correlation(config.search_size // FINE, self.bank.cells, config.groups)
        responses = config.groups * len(config.poses)
        few = wide // 2 - 4
        # One response of all groups and poses, and how much of it makes a cell sure.
        self.sharpness = nn.Parameter(torch.tensor(3.0))
        self.sure = nn.Parameter(torch.tensor(0.5))
        self.read = nn.Sequential(
            Unit(responses + 2, few), nn.PixelUnshuffle(2), Unit(4 * few, wide, kernel=1)
        )
        self.layers = nn.ModuleList(CachedLayer(shape) for _ in range(config.layers))
        self.mix = nn.Sequential(Unit(3 * wide, wide, kernel=1), Residual(wide))
        self.class_head, self.box_head = Mlp(wide, wide, 2, 2), Mlp(wide, wide, 4, 2)
        self.presence_head = Mlp(2 * wide + PEAK, wide, 1, 3)
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
        return self.compare(self.look(search), kept)[0]

    def look(self, search: Tensor) -> Seen:
        """(B, 3, S, S) -> what there is to see in it, whatever the template."""
        return Seen(*self.search(search))

    def compare(self, seen: Seen, kept: Kept) -> tuple[Cells, Tensor]:
        """-> Cells, and (B, S / 4, S / 4) the logits of the place that correlation alone gives.

        Place (y, x) is the top left corner of cell (y, x).
        """
        fine, coarse = seen
        groups = self.correlation(fine, kept.spectra)
        poses = groups.unflatten(1, (len(self.config.poses), self.config.groups)).sum(dim=2)
        place = (poses * self.sharpness.exp()).logsumexp(dim=1, keepdim=True)
        higher = place - place.mean(dim=(2, 3), keepdim=True)
        spread = (higher.square().mean(dim=(2, 3), keepdim=True) + 1e-2).sqrt()
        # Factors bring all of them to the order of 1.
        responses = self.read(torch.cat([10 * groups, higher / spread, 0.2 * place], dim=1))
        tokens = _tokens(coarse)
        for number, layer in enumerate(self.layers):
            tokens = layer(tokens, self.at_search, kept.memory[:, number])
        side = self.cells * STRIDE // ATTENDED
        attended = tokens.transpose(1, 2).reshape(len(tokens), -1, side, side)
        attended = F.interpolate(attended, scale_factor=2.0, mode='nearest')
        joined = torch.cat([responses, coarse, attended], dim=1)
        cells = self.mix(joined).flatten(2).transpose(1, 2)
        here, nothing = self.class_head(cells).split(1, dim=2)
        peaks = F.max_pool2d(higher, STRIDE // FINE).flatten(1)[..., None]
        logits = torch.cat([here + self.sure * peaks, nothing], dim=2)
        presence = self._presence(cells, logits, place, spread)
        return Cells(logits, self._boxes(self.box_head(cells)), presence), place.squeeze(1)

    def _presence(self, cells: Tensor, logits: Tensor, place: Tensor, spread: Tensor) -> Tensor:
        """(B,): from the looks of the best cell, and from how far the best place stands out."""
        margin, places = logits[..., 0] - logits[..., 1], place.flatten(1)
        best = (margin.softmax(dim=1)[:, None] @ cells).squeeze(1)
        mean, deviation = places.mean(dim=1, keepdim=True), spread.flatten(1)
        # Behind the best four and eight (the place itself and its neighbours) come its rivals.
        of_places, of_cells = (x.topk(9, dim=1).values[:, [0, 4, 8]] for x in (places, margin))
        first, first_cell = of_places[:, :1], of_cells[:, :1]
        numbers = [
            first - places.logsumexp(dim=1, keepdim=True),
            first - of_places[:, 1:],
            (first - mean) / deviation,
            0.3 * first,
            deviation,
            0.3 * first_cell,
            first_cell - margin.logsumexp(dim=1, keepdim=True),
            first_cell - of_cells[:, 1:],
        ]
        looks = torch.cat([best, cells.amax(dim=1), *numbers], dim=1)
        return cast(Tensor, self.presence_head(looks)).squeeze(1)

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


@torch.no_grad()
def start_oriented(stream: LiteStream) -> None:
    """Let a new stream see edges of every orientation, whatever their sign, and little else.

    That is the best of the closed forms (Ye et al., IEEE TGRS 2019), which training then betters;
    from random weights it would first have to find it. Channels that are left over stay random.
    """
    first, second = (cast(nn.Conv2d, cast(Unit, unit)[0]) for unit in stream.low)
    count = min(first.out_channels // 2, stream.from_fine.out_channels, second.out_channels) - 1
    at = torch.arange(5.0) - 2
    y, x = torch.meshgrid(at, at, indexing='ij')
    bell = (-(x**2 + y**2) / 2).exp()
    views = slice(stream.colours, 3 * stream.colours)
    blur = torch.tensor([[0.5, 1, 0.5], [1, 2, 1], [0.5, 1, 0.5]])
    first.weight[: 2 * count] *= 0.1
    second.weight[:count] *= 0.1
    stream.from_fine.weight[:count] *= 0.1
    for number in range(count):
        turn = math.pi * number / count
        edge = (x * math.cos(turn) + y * math.sin(turn)) * bell
        first.weight[2 * number, views] += edge / edge.norm()
        first.weight[2 * number + 1, views] -= edge / edge.norm()
        second.weight[number, 2 * number : 2 * number + 2] += blur
        stream.from_fine.weight[number, number] += 1
    for block in stream.fine:
        cast(nn.BatchNorm2d, cast(Residual, block).inner[-1]).weight.zero_()
    for coarser in (stream.from_coarse, stream.from_fine):
        coarser.bias.zero_()  # type: ignore[union-attr]
    stream.from_coarse.weight *= 0.1


def cell_middles(cells: int) -> Tensor:
    """(cells * cells, 2): x, y of the middle of each cell in shares of the image, row by row."""
    at = (torch.arange(cells) + 0.5) / cells
    return torch.stack(torch.meshgrid(at, at, indexing='xy'), dim=2).flatten(0, 1)
