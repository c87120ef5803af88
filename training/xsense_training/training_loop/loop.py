# SPDX-License-Identifier: Apache-2.0
"""The loop itself: steps, validations, checkpoints, and the way back from a kill.

Several processes train as one: each has its rows of every batch, DistributedDataParallel averages
the gradients. Losses then follow those of one process to float rounding (tested to a relative 1e-4
over 30 steps); dropout draws other masks, and batch statistics are those of a process's own rows.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from xsense_training.config import plain
from xsense_training.training_loop.averaging import WeightAverage
from xsense_training.training_loop.batches import count_rows, move, take_part
from xsense_training.training_loop.board import Board, NoBoard, TensorBoard
from xsense_training.training_loop.checkpoint import load, random_streams, restore_streams, save
from xsense_training.training_loop.draws import Draws
from xsense_training.training_loop.failures import check_scores, explain_gradient, explain_loss
from xsense_training.training_loop.forward import LossModule, apart, parallel
from xsense_training.training_loop.processes import barrier, from_first, join, mean_of_all, part
from xsense_training.training_loop.run_folder import (
    Picture,
    claim,
    plot_curves,
    write_json,
)
from xsense_training.training_loop.settings import TrainConfig, learning_rate, parameter_groups
from xsense_training.training_loop.task import PartedTask, Task
from xsense_training.training_loop.throughput import Throughput

CLIP = 1.0  # largest norm of a step's gradient


@dataclass(frozen=True)
class TrainResult:
    """Step and scores of the kept weights, which the task's modules hold on return."""

    best_step: int
    best: Mapping[str, float]
    history: list[dict[str, float]]


def train(
    task: Task,
    config: TrainConfig,
    folder: Path,
    title: str = 'train',
    pictures: Mapping[str, Picture] | None = None,
) -> TrainResult:
    """Train until config.steps, resuming from folder/checkpoint.pt where there is one.

    On return the task's modules hold the best weights, in eval mode, on the device they came from.

    Args:
        task: what to train.
        config: how.
        folder: run folder, on a disk that all processes see.
        title: for the progress bar and the curves.
        pictures: name -> draws the kept weights into folder/NAME.png (confusion, retrieval).

    Raises:
        InputError (a ValueError): the folder holds a run with another configuration; a batch
            without rows or that the processes cannot share; a loss, gradient or validation score
            that is not finite, with its step and the tensor it comes from.
    """
    return _Loop(task, config, folder, title).run(pictures or {})


class _Loop:
    """The state of a run."""

    def __init__(self, task: Task, config: TrainConfig, folder: Path, title: str) -> None:
        self.task, self.config, self.folder, self.title = task, config, folder, title
        self.device = join(config.device)
        self.part = part()
        if self.first:
            claim(folder, config)
        barrier()
        torch.set_num_threads(config.threads)
        random.seed(config.seed)
        np.random.seed(config.seed)
        torch.manual_seed(config.seed + self.part.rank)  # dropout masks of a process are its own
        self.modules = task.modules
        self.home = next(self.modules.parameters(), torch.empty(0)).device
        self.modules.to(self.device)
        if config.channels_last:
            self.modules.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = parameter_groups(self.modules, config)
        self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate)
        self.forward = LossModule(task, self.modules, self.device, config.precision)
        self.model = parallel(self.forward, self.device)
        self.scaler = torch.amp.GradScaler(  # does nothing where it is not enabled
            self.device.type, enabled=config.precision == 'float16'
        )
        self.average = WeightAverage(self.modules, config.ema)
        self.generator = np.random.default_rng(config.seed)
        self.state_of_draws = self.generator.bit_generator.state
        self.step, self.history = 0, list[dict[str, float]]()
        self.best_step, self.best = -1, {'score': -math.inf}
        self.throughput = Throughput(self.part.world)
        if (folder / 'checkpoint.pt').exists():
            self._resume()

    @property
    def first(self) -> bool:
        """Whether this process writes and shows."""
        return self.part.rank == 0

    def run(self, pictures: Mapping[str, Picture]) -> TrainResult:
        """From the current state to the end."""
        draws = Draws(self._draw, self.generator, self.config.prefetch)
        board = self._board()
        columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(
                *columns, TimeRemainingColumn(), transient=True, disable=not self.first
            ) as progress:
                bar = progress.add_task(self.title, total=self.config.steps, completed=self.step)
                if self.step == 0 and not self.history:
                    self._validate({}, board)  # the starting point competes too
                while self.step < self.config.steps and not self._stale():
                    parts = self._train_step(draws)
                    label = f'{self.title} best {self.best["score"]:.3f}'
                    progress.update(bar, completed=self.step, description=label)
                    if self.step % self.config.validate_every == 0 or (
                        self.step == self.config.steps
                    ):
                        self._validate(self._mean_parts(parts), board)
                if self.first and self.throughput.samples:
                    line = self.throughput.write(self.folder / 'throughput.json')
                    progress.console.print(f'{self.title}: {line}', highlight=False)
            self._finish(pictures, board)
        finally:
            draws.close()
            board.close()
        return TrainResult(self.best_step, self.best, self.history)

    def _train_step(self, draws: Draws) -> dict[str, float]:
        """One change of the weights; the loss and its parts, means over the batches."""
        self.modules.train()
        for group in self.optimiser.param_groups:
            group['lr'] = learning_rate(self.config, self.step)
        self.optimiser.zero_grad(set_to_none=True)
        count = self.config.accumulate
        sums: dict[str, float] = {}
        for number in range(count):
            drawn = draws.next()
            self.state_of_draws = drawn.state
            begun = time.perf_counter()
            for name, value in self._backward(drawn.batch, number == count - 1).items():
                sums[name] = sums.get(name, 0.0) + value
            self._count(count_rows(drawn.batch), drawn.seconds, begun)
        begun = time.perf_counter()
        self._update()
        self._count(0, 0.0, begun)
        return {name: total / count for name, total in sums.items()}

    def _backward(self, batch: Any, last: bool) -> dict[str, float]:
        """Add a batch's gradient; processes average theirs after the last one of a step."""
        count_rows(batch)
        batch = move(batch, self.device, self.config.channels_last)
        with apart(self.model, not last):
            loss, parts = self.model(batch)
            # The mean over the processes: if one of them has NaN, all of them stop.
            value = float(mean_of_all(loss.detach()))
            if not math.isfinite(value):
                raise explain_loss(
                    self.modules, self.forward, batch, value, parts, self.step, self.folder
                )
            self.scaler.scale(loss / self.config.accumulate).backward()
        return {'loss': value, **parts}

    def _update(self) -> None:
        """Clip, check, step; the average follows."""
        self.scaler.unscale_(self.optimiser)
        trained = [p for p in self.modules.parameters() if p.grad is not None]
        total = nn.utils.get_total_norm([p.grad for p in trained if p.grad is not None])
        norm = float(total)
        # A scaler that is at work lowers its scale after an overflow and leaves the step out.
        if not math.isfinite(norm) and self.scaler.get_scale() <= 1:
            raise explain_gradient(self.modules, norm, self.step, self.folder)
        # Not before the check: clipping by NaN would spread it to every tensor.
        nn.utils.clip_grads_with_norm_(trained, CLIP, total)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.average.update()
        self.step += 1

    def _validate(self, parts: Mapping[str, float], board: Board) -> None:
        """Score the weights, keep them if they are the best so far, save everything."""
        self.modules.eval()
        with torch.no_grad(), self.average.in_place():
            scores = check_scores(self.task.validate(), self.step, self.folder)
            scores = from_first(scores)  # one decision for all processes
            if scores['score'] > self.best['score']:
                self.best_step, self.best = self.step, scores
                if self.first:
                    save(self.folder / 'best.pt', self.modules.state_dict())
        row = {**parts, **{f'val_{k}': v for k, v in scores.items()}}
        self.history.append({'step': self.step, **row})
        rate = learning_rate(self.config, self.step)
        board.scalars({'learning_rate': rate, **row}, self.step)
        state = self._state()
        if self.first:
            save(self.folder / 'checkpoint.pt', state)

    def _state(self) -> dict[str, Any]:
        """All that the rest of the run depends on; every process takes part in it."""
        return {
            'config': plain(self.config),
            'modules': self.modules.state_dict(),
            'optimiser': self.optimiser.state_dict(),
            'scaler': self.scaler.state_dict(),
            'average': self.average.state_dict(),
            'streams': random_streams(self.device),
            'draws': self.state_of_draws,
            'step': self.step,
            'history': self.history,
            'best_step': self.best_step,
            'best': self.best,
        }

    def _resume(self) -> None:
        state = load(self.folder / 'checkpoint.pt', self.device, self._state())
        self.modules.load_state_dict(state['modules'])
        self.optimiser.load_state_dict(state['optimiser'])
        self.scaler.load_state_dict(state['scaler'])
        self.average.load_state_dict(state['average'])
        restore_streams(state['streams'], self.device)
        self.generator.bit_generator.state = self.state_of_draws = state['draws']
        self.step, self.history = state['step'], state['history']
        self.best_step, self.best = state['best_step'], state['best']

    def _finish(self, pictures: Mapping[str, Picture], board: Board) -> None:
        """Take the best weights home; history, curves and pictures."""
        barrier()  # the first process may still be writing
        self.modules.load_state_dict(load(self.folder / 'best.pt', self.device))
        self.modules.eval()
        self.modules.to(self.home)
        if self.first:
            write_json(self.folder / 'history.json', self.history)
            plot_curves(self.history, self.folder / 'curves.png', self.title)
            for name, draw in pictures.items():
                with torch.no_grad():
                    draw(self.folder / f'{name}.png')
            for name in ('curves', *pictures):
                board.picture(self.folder / f'{name}.png', self.step)
        barrier()

    def _draw(self, generator: np.random.Generator) -> Any:
        """This process's rows of the next batch."""
        if self.part.world > 1 and isinstance(self.task, PartedTask):
            return self.task.draw_part(generator, self.part)
        return take_part(self.task.draw(generator), self.part)

    def _stale(self) -> bool:
        """Whether validation has not risen for `patience` times."""
        since = sum(row['step'] > self.best_step for row in self.history)
        return 0 < self.config.patience <= since

    def _mean_parts(self, parts: Mapping[str, float]) -> dict[str, float]:
        """Means over the processes."""
        values = torch.tensor(list(parts.values()), dtype=torch.float64, device=self.device)
        return dict(zip(parts, mean_of_all(values).tolist(), strict=True))

    def _count(self, rows: int, draw_seconds: float, begun: float) -> None:
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)  # what is timed has been done
        self.throughput.samples += rows
        self.throughput.draw_seconds += draw_seconds
        self.throughput.step_seconds += time.perf_counter() - begun

    def _board(self) -> Board:
        if self.first and self.config.tensorboard:
            return TensorBoard(self.folder, self.step)
        return NoBoard()
