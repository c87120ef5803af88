# SPDX-License-Identifier: Apache-2.0
"""The branches of TNN-C-CCA: as published, and as shipped."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from xsense_training.baselines.closed_form import Affine, Standardiser
from xsense_training.models.heads import L2Normalise, LinearHead
from xsense_training.models.standardise import Standardise

PUBLISHED_WIDTH = 100
PUBLISHED_DROPOUT = 0.1


def published_branch(inputs: int, outputs: int, sigmoid: bool = True) -> nn.Sequential:
    """Dense 100, tanh, dropout, three times; Dense k, tanh, dropout; sigmoid.

    All outputs lie in (0.269, 0.731), so that cosines crowd near one: kept for comparison.

    Args:
        inputs: width of the features.
        outputs: k.
        sigmoid: leave the last stage (tanh, dropout, sigmoid) out where it is off.
    """
    layers: list[nn.Module] = []
    for size, following in (
        (inputs, PUBLISHED_WIDTH),
        (PUBLISHED_WIDTH, PUBLISHED_WIDTH),
        (PUBLISHED_WIDTH, PUBLISHED_WIDTH),
    ):
        layers += [nn.Linear(size, following), nn.Tanh(), nn.Dropout(PUBLISHED_DROPOUT)]
    layers.append(nn.Linear(PUBLISHED_WIDTH, outputs))
    if sigmoid:
        layers += [nn.Tanh(), nn.Dropout(PUBLISHED_DROPOUT), nn.Sigmoid()]
    return nn.Sequential(*layers)


class Branch(nn.Module):
    """Unit vectors from features, linear at the end: (B, F) -> (B, D), any sign.

    Args:
        scaler: standardisation of the features, part of the weights.
        hidden: width of the one hidden layer.
        outputs: D.
        input_dropout: share of features dropped in training.
        dropout: share of hidden units dropped in training.
    """

    def __init__(
        self,
        scaler: Standardiser,
        hidden: int,
        outputs: int,
        input_dropout: float = 0.2,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.hidden = nn.Sequential(
            Standardise(scaler.mean, scaler.scale),
            nn.Dropout(input_dropout),
            nn.Linear(len(scaler.mean), hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.last = nn.Linear(hidden, outputs)
        self.normalise = L2Normalise()

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, D)."""
        return cast(Tensor, self.normalise(self.last(self.hidden(features))))


def stacked(first: nn.Module, second: Affine) -> nn.Sequential:
    """A network and a closed-form map behind it, to unit vectors."""
    return nn.Sequential(first, LinearHead(second.weight, second.bias))


def affine_layer(affine: Affine) -> nn.Linear:
    """A closed-form map as a layer without normalisation."""
    return LinearHead(affine.weight, affine.bias).linear


def unit(first: nn.Module) -> nn.Sequential:
    """A network with its output brought to length one."""
    return nn.Sequential(first, L2Normalise())
