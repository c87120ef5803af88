# SPDX-License-Identifier: Apache-2.0
"""Unit rows and labels that the tests of the losses share."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def unit_rows(rows, dimensions, seed):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(rows, dimensions, generator=generator), dim=-1)


X, Y = unit_rows(6, 5, 0), unit_rows(6, 5, 1)
MANY_Y = unit_rows(9, 5, 2)
DISTINCT = torch.arange(6)
SHARED = torch.tensor([0, 1, 0, 2, 3, 1])
OF_MANY_Y = torch.tensor([0, 1, 1, 2, 5, 0, 3, 3, 6])  # 5 and 6 have no partner in SHARED
