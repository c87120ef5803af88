# SPDX-License-Identifier: Apache-2.0
"""The heterologous matcher: a template of one sensor, a search image of another, one box a cell.

Structure after Chen et al., "Transformer Tracking" (CVPR 2021), in the published heterologous
variants: trunk, sharing between the sensors, multi-map fusion, kind of attention. All of it runs
in two parts, `encode_template` (once a template) and `match` (once a frame); what passes between
them is a tensor of fixed shape. With 'transt' attention that is only the template's features, with
'cached' attention everything the template has to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_training.models.hetero_attention import (
    CachedLayer,
    CrossAugment,
    MutualLayer,
    Shape,
    sine_positions,
)
from xsense_training.models.hetero_backbones import STRIDE, TRUNKS
from xsense_training.models.hetero_siamese import PseudoSiamese, Sharing


@dataclass(frozen=True)
class MatcherConfig:
    """A published variant, or one between them.

    trunk: name in TRUNKS; sharing and fuse: see `hetero_siamese`; attention: see
    `hetero_attention`; layers: of attention before the decoder; width, heads, hidden, dropout: of
    attention; template_size, search_size: pixels, multiples of 8; presence: a further output that
    says whether the template is there at all (not in the original).
    """

    trunk: str = 'resnet50'
    sharing: Sharing = 'low-separate'
    fuse: bool = False
    attention: Literal['transt', 'cached'] = 'transt'
    layers: int = 4
    width: int = 256
    heads: int = 8
    hidden: int = 2048
    dropout: float = 0.1
    template_size: int = 128
    search_size: int = 256
    presence: bool = False

    def __post_init__(self) -> None:
        if self.trunk not in TRUNKS:
            raise InputError('trunk', self.trunk, f'one of {sorted(TRUNKS)}', 'correct the name')
        for name in ('template_size', 'search_size'):
            if getattr(self, name) % STRIDE or getattr(self, name) < STRIDE:
                raise InputError(
                    name, getattr(self, name), f'a multiple of {STRIDE}', f'correct {name}'
                )


class Cells(NamedTuple):
    """Outputs of N = (search size / 8)^2 cells, row by row.

    logits (B, N, 2): 'the template is here' first; boxes (B, N, 4): middle x, y, width, height in
    shares of the search image; presence (B,): logit of 'the template is somewhere', None where the
    variant has none.
    """

    logits: Tensor
    boxes: Tensor
    presence: Tensor | None


class Mlp(nn.Sequential):
    """Linear layers with ReLU between them: (..., inputs) -> (..., outputs)."""

    def __init__(self, inputs: int, hidden: int, outputs: int, layers: int = 3) -> None:
        widths = [inputs, *[hidden] * (layers - 1), outputs]
        found: list[nn.Module] = []
        for before, after in pairwise(widths):
            found += [nn.Linear(before, after), nn.ReLU()]
        super().__init__(*found[:-1])


class HeteroMatcher(nn.Module):
    """(B, 3, T, T) template and (B, 3, S, S) search image -> Cells."""

    at_template: Tensor
    at_search: Tensor

    def __init__(self, config: MatcherConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        shape = Shape(width, config.heads, config.hidden, config.dropout)
        self.streams = PseudoSiamese(TRUNKS[config.trunk], config.sharing, config.fuse)
        self.project = nn.Conv2d(self.streams.width, width, 1)
        layer = MutualLayer if config.attention == 'transt' else CachedLayer
        self.layers = nn.ModuleList(layer(shape) for _ in range(config.layers))
        self.decoder, self.norm = CrossAugment(shape), nn.LayerNorm(width)
        self.class_head, self.box_head = Mlp(width, width, 2), Mlp(width, width, 4)
        self.presence_head = Mlp(width, width, 1, layers=2) if config.presence else None
        # Constants: the images have no padding, so no mask is needed and none is exported.
        for name, size in (('template', config.template_size), ('search', config.search_size)):
            code = sine_positions(size // STRIDE, width)
            self.register_buffer(f'at_{name}', code, persistent=False)
        self._initialise()

    def forward(self, template: Tensor, search: Tensor) -> Cells:
        """Both parts in a row."""
        return self.match(search, self.encode_template(template))

    def encode_template(self, template: Tensor) -> Tensor:
        """(B, 3, T, T) -> what `match` needs of it.

        'cached': (B, layers + 1, 2, N, width), keys and values of every layer and the decoder;
        'transt': (B, N, width), the projected features.
        """
        tokens = self._tokens(self.streams.template(template))
        if self.config.attention == 'transt':
            return tokens
        kept = []
        for layer in self.layers:
            tokens, memory = cast(CachedLayer, layer).encode(tokens, self.at_template)
            kept.append(memory)
        kept.append(self.decoder.attention.memory(tokens, self.at_template))
        return torch.stack(kept, dim=1)

    def match(self, search: Tensor, template: Tensor) -> Cells:
        """(B, 3, S, S), output of `encode_template` -> Cells."""
        tokens = self._tokens(self.streams.search(search))
        if self.config.attention == 'transt':
            for layer in self.layers:
                template, tokens = layer(template, tokens, self.at_template, self.at_search)
            last = self.decoder.attention.memory(template, self.at_template)
        else:
            for number, layer in enumerate(self.layers):
                tokens = layer(tokens, self.at_search, template[:, number])
            last = template[:, -1]
        tokens = self.norm(self.decoder(tokens, self.at_search, last))
        presence = None
        if self.presence_head is not None:
            presence = self.presence_head(tokens.amax(dim=1)).squeeze(1)
        return Cells(self.class_head(tokens), self.box_head(tokens).sigmoid(), presence)

    def _tokens(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, h * w, width), row by row."""
        return cast(Tensor, self.project(features)).flatten(2).transpose(1, 2)

    def _initialise(self) -> None:
        """Xavier for attention and heads, as published; trunks keep their own initialisation."""
        for name, parameter in self.named_parameters():
            if not name.startswith('streams.') and parameter.ndim > 1:
                nn.init.xavier_uniform_(parameter)
