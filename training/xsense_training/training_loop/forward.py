# SPDX-License-Identifier: Apache-2.0
"""The forward pass of a step: the task's loss, in the precision and on the processes asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from xsense_training.training_loop.processes import part
from xsense_training.training_loop.task import Task


class LossModule(nn.Module):
    """The task's loss as a forward pass, which is what DistributedDataParallel wraps.

    Args:
        task: brings the loss.
        modules: its modules, registered here so that their gradients are averaged.
        device: of the run.
        precision: 'float32', 'bfloat16' or 'float16', of what autocast lets run in it.
    """

    def __init__(
        self, task: Task, modules: nn.Module, device: torch.device, precision: str
    ) -> None:
        super().__init__()
        self.trained, self.task = modules, task
        lower = precision != 'float32'
        self.autocast = torch.autocast(
            device.type, getattr(torch, precision) if lower else None, enabled=lower
        )

    def forward(self, batch: Any) -> tuple[Tensor, Mapping[str, float]]:
        """A batch on the device -> loss and parts."""
        with self.autocast:
            return self.task.loss(batch)


def parallel(model: LossModule, device: torch.device) -> nn.Module:
    """The model itself, or around it what averages the gradients of several processes."""
    if part().world == 1:
        return model
    devices = [device] if device.type == 'cuda' else None
    # A loss may leave a module out (a phase, a weight of zero), hence find_unused_parameters.
    return DistributedDataParallel(model, device_ids=devices, find_unused_parameters=True)


def apart(model: nn.Module, yes: bool) -> AbstractContextManager[None]:
    """If yes, gradients stay with their process inside: not the last batch of a step."""
    if yes and isinstance(model, DistributedDataParallel):
        return model.no_sync()
    return nullcontext()
