# SPDX-License-Identifier: Apache-2.0
"""Exponential moving average of the weights (torch's own), off where the decay is zero."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class WeightAverage:
    """Follows the modules; starts from their weights after the first step.

    Args:
        modules: what is trained; their buffers are copied, not averaged.
        decay: share of the old average kept in a step; 0 is no average at all.
    """

    def __init__(self, modules: nn.Module, decay: float) -> None:
        self.modules = modules
        self.average: AveragedModel | None = None
        if decay:
            mean = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            self.average = AveragedModel(modules, multi_avg_fn=mean)

    def update(self) -> None:
        """After every step."""
        if self.average is not None:
            self.average.update_parameters(self.modules)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The modules hold the average inside, and their own weights again after it."""
        if self.average is None:
            yield
            return
        own = {name: value.clone() for name, value in self.modules.state_dict().items()}
        self.modules.load_state_dict(self.average.module.state_dict())
        try:
            yield
        finally:
            self.modules.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint; empty without an average."""
        return {} if self.average is None else self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        if self.average is not None:
            self.average.load_state_dict(state)
