# SPDX-License-Identifier: Apache-2.0
"""Attention between the cells of a template and of a search image.

After Chen et al., "Transformer Tracking" (CVPR 2021), section 3.2: ego-context augment (ECA,
self-attention of each stream), then cross-feature augment (CFA, attention to the other stream and
a feed-forward net), norms after the sums. Two kinds of layer:

- `MutualLayer`, as published: both streams look at each other in every layer, so nothing of the
  template can be kept from one search image to the next.
- `CachedLayer`, of the heterologous variant: the template has its ECA only. Its stream is then a
  function of the template alone, and so are the keys and values that the search looks up.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Shape(NamedTuple):
    """Sizes of attention: channels, heads, hidden units of the feed-forward net, dropout."""

    width: int = 256
    heads: int = 8
    hidden: int = 2048
    dropout: float = 0.1


class Attention(nn.Module):
    """Multi-head attention, split so that keys and values can be kept; tokens (B, N, width)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, shape.dropout
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.out = nn.Linear(shape.width, shape.width)

    def memory(self, tokens: Tensor, position: Tensor) -> Tensor:
        """Keys and values of the tokens (B, N, width) at (N, width) -> (B, 2, N, width)."""
        return torch.stack([self.key(tokens + position), self.value(tokens)], dim=1)

    def forward(self, asking: Tensor, memory: Tensor) -> Tensor:
        """(B, M, width) with their positions added, (B, 2, N, width) -> (B, M, width)."""
        query, key, value = (
            x.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for x in (self.query(asking), memory[:, 0], memory[:, 1])
        )
        dropped = self.dropout if self.training else 0.0
        # Exported, this is MatMul, Softmax, MatMul: what runtimes fuse by themselves.
        found = F.scaled_dot_product_attention(query, key, value, dropout_p=dropped)
        return cast(Tensor, self.out(found.transpose(1, 2).flatten(2)))


class SelfAugment(nn.Module):
    """ECA: tokens (B, N, width) look at each other; sum and norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention = Attention(shape)
        self.norm, self.drop = nn.LayerNorm(shape.width), nn.Dropout(shape.dropout)

    def forward(self, tokens: Tensor, position: Tensor) -> Tensor:
        """(B, N, width), (N, width) -> (B, N, width)."""
        found = self.attention(tokens + position, self.attention.memory(tokens, position))
        return cast(Tensor, self.norm(tokens + self.drop(found)))


class CrossAugment(nn.Module):
    """CFA: tokens look at a memory of the other stream, then a feed-forward net; sums, norms."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention = Attention(shape)
        self.widen, self.narrow = (
            nn.Linear(shape.width, shape.hidden),
            nn.Linear(shape.hidden, shape.width),
        )
        self.norm, self.norm_after = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.drop = nn.Dropout(shape.dropout)

    def forward(self, tokens: Tensor, position: Tensor, memory: Tensor) -> Tensor:
        """(B, M, width), (M, width), (B, 2, N, width) -> (B, M, width)."""
        tokens = self.norm(tokens + self.drop(self.attention(tokens + position, memory)))
        found = self.narrow(self.drop(F.relu(self.widen(tokens))))
        return cast(Tensor, self.norm_after(tokens + self.drop(found)))


class MutualLayer(nn.Module):
    """Both streams: ECA, then CFA from the ECA outputs of the other."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.template_self, self.search_self = SelfAugment(shape), SelfAugment(shape)
        self.template_cross, self.search_cross = CrossAugment(shape), CrossAugment(shape)

    def forward(
        self, template: Tensor, search: Tensor, at_template: Tensor, at_search: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens (B, N, width), (B, M, width) and their positions -> both streams."""
        template = self.template_self(template, at_template)
        search = self.search_self(search, at_search)
        of_template = self.search_cross.attention.memory(template, at_template)
        of_search = self.template_cross.attention.memory(search, at_search)
        return (
            self.template_cross(template, at_template, of_search),
            self.search_cross(search, at_search, of_template),
        )


class CachedLayer(nn.Module):
    """The template looks at itself only; the search at itself, then at the template."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.template_self, self.search_self = SelfAugment(shape), SelfAugment(shape)
        self.search_cross = CrossAugment(shape)

    def encode(self, template: Tensor, at_template: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, width), (N, width) -> the template stream, what the search will look up."""
        template = self.template_self(template, at_template)
        return template, self.search_cross.attention.memory(template, at_template)

    def forward(self, search: Tensor, at_search: Tensor, memory: Tensor) -> Tensor:
        """(B, M, width), (M, width), (B, 2, N, width) -> the search stream."""
        return cast(
            Tensor, self.search_cross(self.search_self(search, at_search), at_search, memory)
        )


def sine_positions(cells: int, width: int, temperature: float = 10_000.0) -> Tensor:
    """Fixed code of the cells of a square grid, row by row: (cells * cells, width).

    The first half of the channels codes the row, the second the column, sine and cosine in turn,
    a whole grid spanning 2 pi (Carion et al., "DETR", ECCV 2020, appendix A.4).
    """
    half = width // 2
    along = torch.arange(1, cells + 1, dtype=torch.float64) / cells * 2 * math.pi
    exponent = torch.arange(half, dtype=torch.float64) // 2 * 2 / half
    angle = along[:, None] / temperature**exponent
    code = torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=2).flatten(1)
    rows = code[:, None].expand(cells, cells, half)
    columns = code[None].expand(cells, cells, half)
    return torch.cat([rows, columns], dim=2).flatten(0, 1).float()
