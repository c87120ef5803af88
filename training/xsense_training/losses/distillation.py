# SPDX-License-Identifier: Apache-2.0
"""Teacher KL: the student's distribution over anchors follows the teacher's.

Source: Hinton et al. 2015 (softened distributions, factor T^2); Aytar et al. 2017 use it to let an
image network teach the sound and text students.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


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
