# SPDX-License-Identifier: Apache-2.0
"""What the training loop can be told, and the schedule that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from xsense_ros.errors import InputError


@dataclass(frozen=True)
class TrainConfig:
    """Everything the loop itself can be told; saved as config.json.

    steps: optimiser steps.
    learning_rate: peak of a cosine schedule with `warmup` linear steps.
    weight_decay: AdamW's, on matrices only.
    validate_every: steps between validations (and checkpoints).
    seed: of torch, numpy and random.
    device: 'cpu' or 'cuda' (one process: the first GPU; under torchrun: one GPU a process).
    threads: of torch, on the CPU.
    accumulate: batches whose mean gradient makes one step. Equal to one large batch where the loss
        is a mean over rows; a contrastive loss sees fewer negatives.
    precision: of the forward pass; 'float32', 'bfloat16', or 'float16' (the loss is scaled then).
        Weights, gradients' sums and validation stay float32.
    channels_last: memory layout of pictures and convolutions; faster on most CPUs and GPUs.
    ema: decay of the moving average of the weights that is validated and kept; 0 is off. The
        average remembers about 1 / (1 - ema) steps.
    patience: validations without a better score after which the run ends; 0 is never.
    prefetch: batches drawn ahead by a thread; 0 draws between the steps. It changes no number.
    tensorboard: whether curves and pictures are written for TensorBoard too.
    """

    steps: int = 1000
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: int = 50
    validate_every: int = 100
    seed: int = 0
    device: str = 'cpu'
    threads: int = 1
    accumulate: int = 1
    precision: Literal['float32', 'bfloat16', 'float16'] = 'float32'
    channels_last: bool = False
    ema: float = 0.0
    patience: int = 0
    prefetch: int = 0
    tensorboard: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers that no run can have."""
        at_least = {
            'steps': 0,
            'warmup': 0,
            'validate_every': 1,
            'seed': 0,
            'threads': 1,
            'accumulate': 1,
            'patience': 0,
            'prefetch': 0,
        }
        for name, least in at_least.items():
            if getattr(self, name) < least:
                raise InputError(name, getattr(self, name), f'{least} or more', f'raise {name}')
        if not 0 <= self.ema < 1:
            raise InputError('ema', self.ema, 'a decay from 0 to below 1', 'use 0.999, or 0 (off)')


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then a cosine to zero."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def parameter_groups(modules: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    """AdamW's groups: weight decay on matrices; none on biases, norms and temperatures.

    Raises:
        InputError: nothing is to be trained.
    """
    trained = [p for p in modules.parameters() if p.requires_grad]
    if not trained:
        raise InputError(
            'modules of the task', 0, 'a parameter that requires a gradient', 'unfreeze a module'
        )
    return [
        {'params': [p for p in trained if p.ndim > 1], 'weight_decay': config.weight_decay},
        {'params': [p for p in trained if p.ndim <= 1], 'weight_decay': 0.0},
    ]
