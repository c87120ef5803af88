# SPDX-License-Identifier: Apache-2.0
"""The one condition on what a metric loss is given: rows of length one."""

from __future__ import annotations

import torch
from torch import Tensor

from xsense_ros.errors import InputError

TOLERANCE = {torch.float16: 2e-2, torch.bfloat16: 5e-2}  # rounding of the entries of a unit row


def require_unit_rows(**vectors: Tensor) -> None:
    """Refuse what is not (rows, D) with rows of length one.

    The distance over the last axis of feature maps (N, C, H, W) is no distance between samples,
    and on rows of any length a loss trains another metric than the cosine that ranks the gallery.
    Rows that are not finite pass: they make the loss not finite, which the trainer names.

    Raises:
        InputError: (a ValueError) names the tensor and what is wrong with it.
    """
    for name, rows in vectors.items():
        if rows.ndim != 2:
            raise InputError(
                name,
                tuple(rows.shape),
                'vectors, one a row (rows, D)',
                'pool feature maps to one vector per sample',
            )
        length = torch.linalg.vector_norm(rows.detach().float(), dim=1)
        wrong = (length - 1).abs() > TOLERANCE.get(rows.dtype, 1e-3)
        if wrong.any():
            row = int(wrong.nonzero()[0])
            raise InputError(
                f'{name}[{row}]',
                f'a row of length {float(length[row]):.4g}',
                'rows of length one, so that distances follow the cosine',
                'end the head with L2Normalise',
            )
