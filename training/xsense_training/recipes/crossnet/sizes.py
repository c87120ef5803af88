# SPDX-License-Identifier: Apache-2.0
"""Parameters and MACs of CrossNet's architectures: `xsense-train describe crossnet`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import get_args

from torch import nn

from xsense_training.evaluate.model_size import ModelSize, count
from xsense_training.models.crossnet import CrossNetFusion
from xsense_training.models.crossnet_trunk import CHANNELS, STRIDE, Attention, CrossNetTrunk

SIDE = 224
# Attention of the touch and of the vision trunk, in the order of the published table.
ROWS: tuple[tuple[Attention, Attention], ...] = (
    ('CBAM', 'SE'),
    ('CBAM', 'CBAM'),
    ('SE', 'CBAM'),
    ('SE', 'SE'),
    ('none', 'none'),
)
UNUSED = 2048 * 512 + 512  # parameters of a trunk's layer that is never called
_PICTURE = (1, 3, SIDE, SIDE)
_SIDE = SIDE // STRIDE
_ROW = (
    'attention of the touch trunk / of the vision trunk; counted with two layers (2.10 M) that '
    'the original holds and never calls'
)
_TRUNK = 'counted with one of those layers'


def sizes() -> list[ModelSize]:
    """The published network first, then its other rows and its parts; a pair of 224 px each."""
    trunks = {
        kind: count(partial(CrossNetTrunk, kind, unused_layer=True), _PICTURE)
        for kind in get_args(Attention)
    }
    fusion = count(CrossNetFusion, *2 * [(1, CHANNELS, _SIDE, _SIDE)])
    mixing = count(_mixing, (1, 2 * CHANNELS, _SIDE, _SIDE))
    rows = [
        ModelSize(
            f'published {touch}/{vision}',
            trunks[touch][0] + trunks[vision][0] + fusion[0],
            trunks[touch][1] + trunks[vision][1] + fusion[1],
            note=_ROW,
        )
        for touch, vision in ROWS
    ]
    first = replace(rows[0], published_parameters=63_650_000, published_macs=15_240_000_000)
    called = first.parameters - 2 * UNUSED
    return [
        first,
        *rows[1:],
        ModelSize(f'{first.name}, what is called', called, first.macs),
        ModelSize('touch trunk, CBAM', *trunks['CBAM'], 27_250_000, note=_TRUNK),
        ModelSize('vision trunk, SE', *trunks['SE'], 27_210_000, note=_TRUNK),
        ModelSize('mixing convolutions', *mixing, 7_610_000),
        ModelSize('four heads', fusion[0] - mixing[0], fusion[1] - mixing[1], 1_580_000),
    ]


def _mixing() -> nn.Module:
    return CrossNetFusion().mixed
