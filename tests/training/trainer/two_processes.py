# SPDX-License-Identifier: Apache-2.0
"""What each of two processes does under torchrun; test_processes.py compares its results."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from tests.training.trainer.toy_tasks import CONFIG, Regression, pairing_task, small_curves
from xsense_training.trainer import train
from xsense_training.training_loop import loop
from xsense_training.training_loop.gather_rows import gather_rows
from xsense_training.training_loop.processes import join, part, stack_of_all

EXACT = (0.0, 0.0)  # dropout draws other masks in other processes
SHORT = replace(CONFIG, steps=12, validate_every=4)
ALL = replace(SHORT, accumulate=2, ema=0.9, prefetch=2)


class Broken(Regression):
    """NaN in a row that only the second process sees."""

    def draw(self, generator):
        batch = super().draw(generator)
        self.drawn = getattr(self, 'drawn', 0) + 1
        if self.drawn == 8:
            batch['x'][7, 0] = torch.nan
        return batch


def stop_at(validation):
    """A function that interrupts at that call."""
    calls = []

    def count():
        calls.append(1)
        if len(calls) == validation:
            raise KeyboardInterrupt

    return count


def failure(task, folder):
    """What the error of this run says."""
    try:
        train(task, SHORT, folder)
    except ValueError as error:
        return str(error)
    return None


def main(folder: Path) -> None:
    loop.plot_curves = small_curves
    join('cpu')
    rank = part().rank
    found = {'part': [rank, part().world]}

    # Gathered rows and their gradient: every process weighs the rows otherwise.
    x = (torch.arange(4.0).reshape(2, 2) + 10 * rank).requires_grad_()
    rows = gather_rows(x)
    (rows * (torch.arange(1.0, 5.0)[:, None] + rank)).sum().backward()
    found['rows'], found['gradient'] = rows.tolist(), x.grad.tolist()
    with torch.no_grad():
        found['without gradient'] = list(gather_rows(x).shape)

    tasks = {
        'pairs': (pairing_task(EXACT, teacher=True), CONFIG),
        'pairs with everything': (pairing_task(EXACT), ALL),
        'mean loss': (Regression(), SHORT),
    }
    for name, (task, config) in tasks.items():
        result = train(task, config, folder / name)
        weights = torch.cat([p.detach().flatten() for p in task.modules.parameters()])
        both = stack_of_all(weights)
        found[name] = {'history': result.history, 'same weights': bool((both[0] == both[1]).all())}

    # With dropout, stopped and resumed: every process gets its own random stream back.
    train(pairing_task(), SHORT, folder / 'whole')
    try:
        train(pairing_task(at_validation=stop_at(3)), SHORT, folder / 'stopped')
    except KeyboardInterrupt:
        found['stopped'] = True
    found['resumed'] = train(pairing_task(), SHORT, folder / 'stopped').history

    found['broken'] = failure(Broken(), folder / 'broken')
    found['odd'] = failure(Regression(rows=7), folder / 'odd')
    (folder / f'found-{rank}.json').write_text(json.dumps(found))


if __name__ == '__main__':
    main(Path(sys.argv[1]))
