# SPDX-License-Identifier: Apache-2.0
"""A network asked as the robot asks it: the senses' preprocessing, one search, the best cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around
from xsense_ros.matching.decode import best_box
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput
from xsense_training.data.registered_pair import Pixels
from xsense_training.models.hetero_matcher import Cells
from xsense_training.recipes.hetero.judging import Locate
from xsense_training.recipes.hetero.protocol import SQUARES, Look

_REFUSED = -1e9  # a score below every other


def as_locate(matcher: nn.Module, look: Look = SQUARES) -> Locate:
    """A matcher as the judge asks it, in the mode that it is in.

    The score is the presence logit, or the best cell's difference of logits where the matcher has
    no presence. Pictures that the senses refuse (no contrast) are answered by the middle and the
    lowest score: a robot says "not found" then.
    """
    of_template, of_search = TemplateInput(look.template), SearchInput(look.search)

    def locate(template: Pixels, view: NDArray[Any]) -> tuple[Floats, float]:
        device = next(matcher.parameters()).device
        try:
            inputs = (of_template(template)['template'], of_search(view)['search'])
        except InputError:
            middle = (look.search / 2, look.search / 2)
            return around(middle, (look.template, look.template)), _REFUSED
        with torch.no_grad():
            cells: Cells = matcher(*(torch.from_numpy(x).to(device) for x in inputs))
        return decode(cells, look)

    return locate


def decode(cells: Cells, look: Look = SQUARES) -> tuple[Floats, float]:
    """Outputs for one search -> what was found, score."""
    logits, boxes = (_numpy(x[0]) for x in (cells.logits, cells.boxes))
    found = best_box(logits, boxes, look.search)
    if cells.presence is not None:
        return found.box, float(cells.presence[0])
    return found.box, float((logits[:, 0] - logits[:, 1]).max())


def _numpy(x: Tensor) -> NDArray[np.float32]:
    return np.asarray(x.detach().cpu().numpy(), np.float32)
