# SPDX-License-Identifier: Apache-2.0
"""Loss of a matcher: which cells the template is in, its box, and whether it is there at all.

Chen et al., "Transformer Tracking" (CVPR 2021), section 3.4: 8.334 x cross-entropy over all cells
(background weighted 1/16) + 5 x L1 + 2 x (1 - generalised IoU) over the cells inside the box. Its
heterologous variant replaces the cross-entropy by a bounded term ('info') whose gradients are weak
and leaves boxes that overlap the truth by 0.95 or more out of the other two.

What is added here: focal cross-entropy, labels around the middle of the box instead of all of its
inside, a softmax over places, presence, and searches that do not hold their template.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.models.hetero_matcher import Cells
from xsense_training.torchvision_guard import prepare_torchvision

_BACKGROUND = 1 / 16
_GAMMA = 2.0
_GOOD = 0.95  # overlap from which the published variant teaches a box no more


@dataclass(frozen=True)
class LossConfig:
    """Terms and their weights.

    labels: 'inside' (every cell in the box, published) or 'middle' (cells within `radius` cells of
    its middle); classes: 'cross-entropy', 'focal' or 'info'; class_weight, l1_weight, giou_weight:
    as published; place_weight: of the softmax over all cells; response_weight: of the softmax over
    the places of correlation alone, where the matcher gives them; presence_weight: of the presence
    output; leave_good: whether boxes that are good already are left out (published variant).
    """

    labels: Literal['inside', 'middle'] = 'inside'
    classes: Literal['cross-entropy', 'focal', 'info'] = 'cross-entropy'
    radius: float = 1.0
    class_weight: float = 8.334
    l1_weight: float = 5.0
    giou_weight: float = 2.0
    place_weight: float = 0.0
    response_weight: float = 0.0
    presence_weight: float = 1.0
    leave_good: bool = False


# What the heterologous variant was published with.
PUBLISHED = LossConfig(classes='info', presence_weight=0.0, leave_good=True)


class MatcherLoss(nn.Module):
    """Cells, boxes (B, 4) (middle x, y, width, height in shares), present (B,) -> loss, parts."""

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.config = config

    def forward(
        self, cells: Cells, boxes: Tensor, present: Tensor, places: Tensor | None = None
    ) -> tuple[Tensor, Mapping[str, float]]:
        """present: bool, boxes of other rows are not looked at. Parts are those of the sum.

        places (P, n, n): logits of the middle at the top left corner of each of n x n places, of
        the first P rows.
        """
        config = self.config
        side = round(cells.logits.shape[1] ** 0.5)
        inside = _inside(boxes, side) if config.labels == 'inside' else self._near(boxes, side)
        inside = inside & present[:, None]
        parts = {'class': config.class_weight * self._classes(cells.logits, inside)}
        rows, chosen = inside.nonzero(as_tuple=True)
        l1, giou = self._boxes(cells.boxes[rows, chosen], boxes[rows])
        parts |= {'l1': config.l1_weight * l1, 'giou': config.giou_weight * giou}
        if config.place_weight:
            margin = cells.logits[..., 0] - cells.logits[..., 1]
            parts['place'] = config.place_weight * _place(margin, boxes, present)
        if places is not None and config.response_weight:
            first = slice(len(places))
            response = _place(places.flatten(1), boxes[first], present[first], at=0.0)
            parts['response'] = config.response_weight * response
        if cells.presence is not None and config.presence_weight:
            presence = F.binary_cross_entropy_with_logits(cells.presence, present.float())
            parts['presence'] = config.presence_weight * presence
        total = torch.stack(list(parts.values())).sum()
        return total, {name: float(part.detach()) for name, part in parts.items()}

    def _near(self, boxes: Tensor, side: int) -> Tensor:
        """(B, N) cells within the radius of the middle; the nearest one always."""
        away = _offsets(boxes, side).abs().amax(dim=2)
        return (away <= self.config.radius) | (away == away.amin(dim=1, keepdim=True))

    def _classes(self, logits: Tensor, inside: Tensor) -> Tensor:
        """(B, N, 2), (B, N) -> scalar."""
        if self.config.classes == 'info':
            share = logits.softmax(dim=2)[..., 0]
            right = 1.1 * (share * inside).exp()
            wrong = 0.1 * (share * ~inside).exp()
            return -(right / (right + wrong + 1e-10)).log().mean()
        wanted = (~inside).long()  # 'here' is class 0
        each = F.cross_entropy(logits.transpose(1, 2), wanted, reduction='none')
        if self.config.classes == 'focal':
            each = (1 - (-each).exp()) ** _GAMMA * each
            return each.sum() / inside.sum().clamp(min=1)
        weight = torch.where(inside, 1.0, _BACKGROUND)
        return (each * weight).sum() / weight.sum()

    def _boxes(self, found: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """(P, 4), (P, 4) -> L1 (summed over the four) and 1 - generalised IoU, means over P."""
        prepare_torchvision()
        from torchvision.ops import box_convert, box_iou, generalized_box_iou_loss

        first, second = (box_convert(b, 'cxcywh', 'xyxy') for b in (found, truth))
        each = (found - truth).abs().sum(dim=1), generalized_box_iou_loss(first, second)
        taught = torch.ones(len(found), dtype=torch.bool, device=found.device)
        if self.config.leave_good and len(found):
            with torch.no_grad():
                taught = box_iou(first, second).diagonal() < _GOOD
        count = taught.sum().clamp(min=1)
        l1, giou = ((one * taught).sum() / count for one in each)
        return cast(Tensor, l1), cast(Tensor, giou)


def _inside(boxes: Tensor, side: int) -> Tensor:
    """(B, 4) -> (B, N): cells from the rounded-up first edge to the rounded-up last, one at least.

    As published: both edges are multiplied by the cells of a side and rounded up.
    """
    low = ((boxes[:, :2] - boxes[:, 2:] / 2) * side).ceil().clamp(0, side - 1)
    high = torch.maximum(((boxes[:, :2] + boxes[:, 2:] / 2) * side).ceil(), low + 1)
    at = torch.arange(side, device=boxes.device)
    columns, rows = ((at >= low[:, axis, None]) & (at < high[:, axis, None]) for axis in (0, 1))
    return (rows[:, :, None] & columns[:, None, :]).flatten(1)


def _offsets(boxes: Tensor, side: int, at: float = 0.5) -> Tensor:
    """(B, 4) -> (B, N, 2): from the middle of the box to that place of each cell, in cells."""
    along = torch.arange(side, device=boxes.device) + at
    grid = torch.stack(torch.meshgrid(along, along, indexing='xy'), dim=2).flatten(0, 1)
    return grid - boxes[:, None, :2] * side


def _place(margin: Tensor, boxes: Tensor, present: Tensor, at: float = 0.5) -> Tensor:
    """Cross-entropy of a softmax over all cells with a bell of half a cell around the middle."""
    if not present.any():
        return margin.sum() * 0
    side = round(margin.shape[1] ** 0.5)
    away = _offsets(boxes[present], side, at).square().sum(dim=2)
    return F.cross_entropy(margin[present], (-2 * away).softmax(dim=1))
