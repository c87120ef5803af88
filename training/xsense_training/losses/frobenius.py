# SPDX-License-Identifier: Apache-2.0
"""Frobenius terms of the zero-shot sketch system: latent alignment and cross reconstruction.

Source: Chaudhuri et al. 2020: ||Z - S||_F^2 and ||g(Z) - X||_F^2. Here the mean over rows and
scaled by 1/D, so that terms on codes of 64 numbers and on features of 1280 weigh alike. Not in
pytorch-metric-learning.
"""

from __future__ import annotations

from torch import Tensor

from xsense_ros.errors import InputError


def alignment(x: Tensor, target: Tensor) -> Tensor:
    """||x - target||_F^2 / (B D) of codes (B, D) and (B, D) -> scalar; both sides move."""
    if x.ndim != 2 or x.shape != target.shape:
        raise InputError(
            'codes',
            (tuple(x.shape), tuple(target.shape)),
            'two tensors of one shape (rows, D)',
            'bring both into the shared space',
        )
    return (x - target).square().mean()


def reconstruction(x: Tensor, target: Tensor) -> Tensor:
    """As alignment, towards features (B, D) that are given: no gradient reaches the target."""
    return alignment(x, target.detach())
