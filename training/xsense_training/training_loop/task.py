# SPDX-License-Identifier: Apache-2.0
"""What a recipe brings to the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor, nn

from xsense_training.training_loop.processes import Part


class Task(Protocol):
    """Modules, batches, a loss, and a score on validation data.

    A batch is a tensor, or a tuple, list, named tuple or dict of such, rows first. All of its
    randomness comes from the generator given (from its numbers, not from `spawn`), none from
    torch's: then a run comes back from a kill bit for bit, batches can be drawn ahead in a thread,
    and every process knows what the others draw.
    """

    @property
    def modules(self) -> nn.Module:
        """All that is trained or kept: heads, losses with parameters."""
        ...

    def draw(self, generator: np.random.Generator) -> Any:
        """A random batch, on the CPU."""
        ...

    def loss(self, batch: Any) -> tuple[Tensor, Mapping[str, float]]:
        """Loss of a batch and its parts, by name, for the curves.

        With several processes it sees a part of the batch. A mean over rows is right as it is; a
        loss that compares rows with each other takes them through `gather_rows` first.
        """
        ...

    def validate(self) -> Mapping[str, float]:
        """Scores on validation data; 'score' decides which step is kept (higher is better).

        The modules are in eval mode, on the device of the run; gradients are off.
        """
        ...


@runtime_checkable
class PartedTask(Protocol):
    """A task that draws its process's part of the batch only, where drawing is heavy.

    Without this the loop draws the whole batch in every process and drops the others' rows.
    """

    def draw_part(self, generator: np.random.Generator, part: Part) -> Any:
        """The rows `part` of the batch that `draw` would give.

        It must leave the generator exactly as `draw` does: take all random numbers, then load
        only the part's rows.
        """
        ...
