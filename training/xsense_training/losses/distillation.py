# SPDX-License-Identifier: Apache-2.0
"""Teacher KL: the student's distribution over anchors follows the teacher's.

Source: Hinton et al. 2015 (softened distributions, factor T^2); Aytar et al. 2017 use it to let an
image network teach the sound and text students. On relations: the similarities between the
samples of a batch are the distribution (Tung and Mori 2019; class topology of the zero-shot sketch
system).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.losses.unit_rows import require_unit_rows


class TeacherKl(nn.Module):
    """T^2 KL(softmax(teacher / T) || softmax(student / T)), mean over the batch.

    Args:
        temperature: T; larger values listen to more of the teacher's order.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Logits (B, C), logits (B, C) -> scalar; no gradient reaches the teacher."""
        target = F.softmax(teacher.detach() / self.temperature, dim=-1)
        guess = F.log_softmax(student / self.temperature, dim=-1)
        return F.kl_div(guess, target, reduction='batchmean') * self.temperature**2


def topology_kl(vectors: Tensor, semantics: Tensor, temperature: float = 0.1) -> Tensor:
    """Rows i: KL(softmax_j(cos(w_i, w_j) / T) || softmax_j(cos(z_i, z_j) / T)), mean over rows.

    j runs over the other rows: a row is always its own nearest, which would drown the rest. No
    gradient reaches the semantics.

    Args:
        vectors: z, (B, D) unit rows.
        semantics: w, (B, S) of any length (word vectors of the rows' classes).
        temperature: T of both sides; no factor T^2.
    """
    require_unit_rows(vectors=vectors)
    if len(vectors) < 2:
        return vectors.sum() * 0
    words = F.normalize(semantics.detach(), dim=-1)
    others = ~torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)

    def logits(rows: Tensor) -> Tensor:
        return (rows @ rows.T / temperature)[others].reshape(len(rows), -1)

    target = F.log_softmax(logits(words), dim=-1)
    return F.kl_div(
        F.log_softmax(logits(vectors), dim=-1), target, reduction='batchmean', log_target=True
    )
