# SPDX-License-Identifier: Apache-2.0
"""The one training loop: `train(task, config, folder)`; its parts are in `training_loop`.

A recipe brings a `Task` (its modules, batches, a loss and a validation score); the loop brings the
rest, on the CPU, one GPU, or many processes under `torchrun`. A run folder holds config.json,
environment.json, checkpoint.pt, best.pt, history.json, throughput.json, curves.png, the recipe's
pictures and tensorboard/. A run that is killed and started again ends in exactly the same weights
as one that was not.

Under torchrun a recipe runs in every process. What it writes after `train` belongs to the first
one alone: `once(lambda: save(...))`.
"""

from __future__ import annotations

from xsense_training.training_loop.loop import TrainResult, train
from xsense_training.training_loop.processes import Part, barrier, join, once, part
from xsense_training.training_loop.run_folder import Picture, environment
from xsense_training.training_loop.settings import TrainConfig, learning_rate
from xsense_training.training_loop.task import PartedTask, Task

__all__ = [
    'Part',
    'PartedTask',
    'Picture',
    'Task',
    'TrainConfig',
    'TrainResult',
    'barrier',
    'environment',
    'join',
    'learning_rate',
    'once',
    'part',
    'train',
]
