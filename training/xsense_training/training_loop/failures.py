# SPDX-License-Identifier: Apache-2.0
"""Why a run failed: which tensor stopped being finite first, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_training.training_loop.batches import named_tensors

SMALLER = 'lower learning_rate or raise warmup, in a new run folder'


def first_not_finite(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """Name of the first tensor with NaN or infinity and, where it has rows, its first such row."""
    for name, tensor in tensors:
        bad = ~torch.isfinite(tensor.detach())
        if not bad.any():
            continue
        if tensor.ndim < 2:
            return name
        row = int(bad.flatten(1).any(dim=1).nonzero()[0])
        return f'{name}, row {row}'
    return None


def explain_loss(
    modules: nn.Module,
    loss: Callable[[Any], Any],
    batch: Any,
    value: float,
    parts: Mapping[str, float],
    step: int,
    folder: Path,
) -> InputError:
    """The error of a loss that is not finite.

    Looked at in the order in which NaN travels: batch, weights, the first module whose output is
    not finite (the loss is computed once more for that), the loss itself.
    """
    bad = [name for name, part in parts.items() if not math.isfinite(part)]
    where = f'part {", ".join(bad)}' if bad else 'no part of it on this process'
    weights = chain(modules.named_parameters(), modules.named_buffers())
    if name := first_not_finite(named_tensors(batch)):
        cause, cure = f'{name} of the batch', 'correct that sample, or leave it out'
    elif name := first_not_finite(weights):
        cause, cure = f'weight {name}', SMALLER
    elif name := _first_module(modules, loss, batch):
        cause, cure = f'output of {name}', f"{SMALLER}, or use precision='float32'"
    else:
        cause, cure = 'the loss itself', 'look for log(0), x/0 or exp(large) in that part'
    return _error(f'loss at step {step} ({where}; first not finite: {cause})', value, cure, folder)


def explain_gradient(modules: nn.Module, norm: float, step: int, folder: Path) -> InputError:
    """The error of a gradient that is not finite though the loss is."""
    gradients = [(n, p.grad) for n, p in modules.named_parameters() if p.grad is not None]
    bad = [name for name, gradient in gradients if not torch.isfinite(gradient).all()]
    where = f'{len(bad)} of {len(gradients)} tensors, first {bad[0]}' if bad else 'their norm'
    cure = f'look for sqrt(0), |0| or x/0 in the loss; or {SMALLER}'
    return _error(f'gradient at step {step} (not finite: {where})', norm, cure, folder)


def check_scores(scores: Mapping[str, float], step: int, folder: Path) -> dict[str, float]:
    """The scores of a validation as plain numbers.

    Raises:
        InputError: no 'score' among them, or one that is not finite.
    """
    found = {name: float(value) for name, value in scores.items()}
    score = found.get('score')
    if score is None:
        cure = "let the task's validate return {'score': ...}, higher is better"
        raise InputError('validation', sorted(found), "a value named 'score'", cure)
    if not math.isfinite(score):
        cure = 'look for an empty validation set or an empty class in it'
        raise _error(f"validation 'score' at step {step}", score, cure, folder)
    return found


def _first_module(modules: nn.Module, loss: Callable[[Any], Any], batch: Any) -> str | None:
    """The first module, in the order of computation, whose output is not finite."""
    found: list[str] = []

    def hook_of(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if not found and first_not_finite(named_tensors(output)):
                found.append(f'{name} ({type(module).__name__})')

        return hook

    inner = [(name, module) for name, module in modules.named_modules() if name]
    hooks = [module.register_forward_hook(hook_of(name)) for name, module in inner]
    try:
        with torch.no_grad():  # also keeps gather_rows from waiting for other processes
            loss(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else None


def _error(what: str, value: float, cure: str, folder: Path) -> InputError:
    kept = f'the checkpoint in {folder} is from before this step and good'
    return InputError(what, value, 'a finite number', f'{cure} ({kept})')
