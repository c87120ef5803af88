# SPDX-License-Identifier: Apache-2.0
"""Two streams of one trunk, for a template and a search image of different sensors.

Sharing modes: 'shared' (one trunk for both), 'low-separate' (each sensor has its own low stages,
the high ones are shared), 'independent' (two trunks). With multi-map fusion the taps of a trunk
are projected to the width of the last one and added; the projections are each sensor's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from torch import Tensor, nn

from xsense_training.models.hetero_backbones import Trunk

Sharing = Literal['shared', 'low-separate', 'independent']


class FusedTaps(nn.Module):
    """Feature maps of one resolution -> one: earlier ones are projected to the last and added."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Conv2d(w, widths[-1], 1) for w in widths[:-1])

    def forward(self, taps: list[Tensor]) -> Tensor:
        """[(B, width, H, W), ...] -> (B, last width, H, W)."""
        total = taps[-1]
        for project, tap in zip(self.project, taps, strict=False):
            total = total + project(tap)
        return total


class LastTap(nn.Module):
    """The output of the trunk alone."""

    def forward(self, taps: list[Tensor]) -> Tensor:
        """[(B, width, H, W), ...] -> the last."""
        return taps[-1]


class Stream(nn.Module):
    """What one sensor's image goes through: (B, 3, H, W) -> (B, width, H / 8, W / 8)."""

    def __init__(self, low: nn.Module, high: nn.Module, join: nn.Module) -> None:
        super().__init__()
        self.low, self.high, self.join = low, high, join

    def forward(self, image: Tensor) -> Tensor:
        """Features of the image."""
        return cast(Tensor, self.join(self.high(self.low(image))))


class PseudoSiamese(nn.Module):
    """A template stream and a search stream with the parts in common that `sharing` says.

    Args:
        build: makes a trunk; called twice.
        sharing: see the module.
        fuse: multi-map fusion.
    """

    def __init__(self, build: Callable[[], Trunk], sharing: Sharing, fuse: bool) -> None:
        super().__init__()
        first, second = build(), build()
        low = first.low if sharing == 'shared' else second.low
        high = second.high if sharing == 'independent' else first.high
        self.width = first.widths[-1]
        joins = [FusedTaps(first.widths) if fuse else LastTap() for _ in range(2)]
        self.template = Stream(first.low, first.high, joins[0])
        self.search = Stream(low, high, joins[1])
