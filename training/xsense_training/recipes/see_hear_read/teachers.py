# SPDX-License-Identifier: Apache-2.0
"""The frozen image network teaches the students of other modalities."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.losses.distillation import TeacherKl


class RelationTeacher(nn.Module):
    """The student should find pictures similar that the teacher finds similar.

    Teacher: cosines between the batch's centred image features; student: cosines between its
    vectors and the batch's image vectors. Both softened, compared by KL.

    Args:
        student: modality that learns.
        weight: factor on the loss.
        temperature: of the cosines on both sides.
    """

    def __init__(self, student: str, weight: float, temperature: float = 0.1) -> None:
        super().__init__()
        self.student, self.weight, self.temperature = student, weight, temperature
        self.divergence = TeacherKl()

    def forward(self, features: Mapping[str, Tensor], vectors: Mapping[str, Tensor]) -> Tensor:
        """Features (B, F) and vectors (B, D) by modality -> scalar."""
        seen = features['image'] - features['image'].mean(dim=0)
        seen = F.normalize(seen, dim=-1)
        teacher = seen @ seen.T / self.temperature
        student = vectors[self.student] @ vectors['image'].detach().T / self.temperature
        loss: Tensor = self.divergence(student, teacher)
        return self.weight * loss
