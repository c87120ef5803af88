# SPDX-License-Identifier: Apache-2.0
"""The one training loop: seeds, checkpoints, resume after a kill, curves, choice of the best.

A recipe brings a `Task` (its modules, a loss and a validation score); the loop brings the rest. A
run folder holds config.json, environment.json, checkpoint.pt, best.pt, history.json, curves.png.
A run that is killed and started again ends in exactly the same weights as one that was not.
"""

from __future__ import annotations

import json
import math
import platform
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import matplotlib
import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

matplotlib.use('Agg')
from matplotlib import pyplot as plt


@dataclass(frozen=True)
class TrainConfig:
    """Everything the loop itself can be told; saved as config.json.

    steps: optimiser steps; learning_rate: peak of a cosine schedule with `warmup` linear steps;
    weight_decay: AdamW's, on matrices only; validate_every: steps between validations (and
    checkpoints); seed: of torch, numpy and random; device: 'cpu' or 'cuda'; threads: of torch.
    """

    steps: int = 1000
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: int = 50
    validate_every: int = 100
    seed: int = 0
    device: str = 'cpu'
    threads: int = 1


class Task(Protocol):
    """What a recipe brings to the loop."""

    @property
    def modules(self) -> nn.Module:
        """All that is trained or kept: heads, losses with parameters."""
        ...

    def loss(self, generator: np.random.Generator) -> tuple[Tensor, Mapping[str, float]]:
        """Loss of a fresh batch and its parts, by name, for the curves."""
        ...

    def validate(self) -> Mapping[str, float]:
        """Scores on validation data; 'score' decides which step is kept (higher is better)."""
        ...


@dataclass(frozen=True)
class TrainResult:
    """Step and scores of the kept weights, which the task's modules hold on return."""

    best_step: int
    best: Mapping[str, float]
    history: list[dict[str, float]]


def train(task: Task, config: TrainConfig, folder: Path, title: str = 'train') -> TrainResult:
    """Train until config.steps, resuming from folder/checkpoint.pt where there is one.

    Raises:
        ValueError: the folder holds a run with another configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder / 'config.json', config)
    torch.set_num_threads(config.threads)
    _seed(config.seed)
    modules = task.modules.to(config.device)
    optimiser = torch.optim.AdamW(_parameter_groups(modules, config), lr=config.learning_rate)
    generator = np.random.default_rng(config.seed)
    step, history = 0, []
    best_step, best = -1, {'score': -math.inf}
    checkpoint = folder / 'checkpoint.pt'
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=config.device, weights_only=False)
        modules.load_state_dict(state['modules'])
        optimiser.load_state_dict(state['optimiser'])
        torch.set_rng_state(state['torch_rng'])
        generator.bit_generator.state = state['numpy_rng']
        step, history = state['step'], state['history']
        best_step, best = state['best_step'], state['best']

    def evaluate(parts: Mapping[str, float]) -> None:
        nonlocal best_step, best
        modules.eval()
        with torch.no_grad():
            scores = dict(task.validate())
        history.append({'step': step, **parts, **{f'val_{k}': v for k, v in scores.items()}})
        if scores['score'] > best['score']:
            best_step, best = step, scores
            _save(folder / 'best.pt', modules.state_dict())
        _save(
            checkpoint,
            {
                'modules': modules.state_dict(),
                'optimiser': optimiser.state_dict(),
                'torch_rng': torch.get_rng_state(),
                'numpy_rng': generator.bit_generator.state,
                'step': step,
                'history': history,
                'best_step': best_step,
                'best': best,
            },
        )

    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), transient=True) as progress:
        bar = progress.add_task(title, total=config.steps, completed=step)
        if step == 0:
            evaluate({})  # the starting point competes too
        while step < config.steps:
            modules.train()
            for group in optimiser.param_groups:
                group['lr'] = learning_rate(config, step)
            loss, parts = task.loss(generator)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
            optimiser.step()
            step += 1
            progress.update(bar, completed=step, description=f'{title} best {best["score"]:.3f}')
            if step % config.validate_every == 0 or step == config.steps:
                evaluate({'loss': float(loss.detach()), **parts})
    modules.load_state_dict(torch.load(folder / 'best.pt', map_location=config.device))
    modules.eval()
    (folder / 'history.json').write_text(json.dumps(history, indent=1) + '\n')
    plot_curves(history, folder / 'curves.png', title)
    return TrainResult(best_step, best, history)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then a cosine to zero."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def plot_curves(history: list[dict[str, float]], path: Path, title: str) -> None:
    """Losses on the left, validation scores on the right."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout='constrained')
    names = sorted({key for row in history for key in row} - {'step'})
    for name in names:
        points = [(row['step'], row[name]) for row in history if name in row]
        axis = axes[1] if name.startswith('val_') else axes[0]
        axis.plot(*zip(*points, strict=True), label=name.removeprefix('val_'))
    for axis, heading in zip(axes, ('training loss', 'validation'), strict=True):
        axis.set(xlabel='step', title=f'{title}: {heading}')
        if axis.lines:
            axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def environment() -> dict[str, Any]:
    """What a reader needs to repeat the run."""
    return {
        'python': platform.python_version(),
        'torch': torch.__version__,
        'numpy': np.__version__,
        'machine': platform.machine(),
        'cuda': torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _claim(path: Path, config: TrainConfig) -> None:
    if path.exists():
        if json.loads(path.read_text()) != asdict(config):
            raise ValueError(
                f'{path.parent} holds a run with another configuration; '
                'choose another run folder or delete this one'
            )
        return
    path.write_text(json.dumps(asdict(config), indent=1) + '\n')
    (path.parent / 'environment.json').write_text(json.dumps(environment(), indent=1) + '\n')


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _parameter_groups(modules: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    """Weight decay on matrices; none on biases, norms and temperatures."""
    trained = [p for p in modules.parameters() if p.requires_grad]
    return [
        {'params': [p for p in trained if p.ndim > 1], 'weight_decay': config.weight_decay},
        {'params': [p for p in trained if p.ndim <= 1], 'weight_decay': 0.0},
    ]


def _save(path: Path, state: object) -> None:
    """Write beside, then rename: a kill while saving leaves the last good file."""
    partial = path.with_suffix('.partial')
    torch.save(state, partial)
    partial.replace(path)
