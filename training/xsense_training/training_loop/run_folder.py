# SPDX-License-Identifier: Apache-2.0
"""What a run leaves behind for people: configuration, environment, history, curves, pictures."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch

from xsense_ros.errors import InputError
from xsense_training.config import dump, load, plain
from xsense_training.training_loop.processes import part
from xsense_training.training_loop.settings import TrainConfig

matplotlib.use('Agg')
from matplotlib import pyplot as plt

# Draws one picture of the kept weights (confusion, retrieval) into the file given.
Picture = Callable[[Path], object]


def claim(folder: Path, config: TrainConfig) -> None:
    """Take the folder for a run of this configuration, new or to be resumed.

    Raises:
        InputError: it holds a run with another configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'config.json'
    if path.exists():
        was, now = plain(load(TrainConfig, path)), plain(config)
        changed = {name: was[name] for name in now if was[name] != now[name]}
        if changed:
            raise InputError(
                f'run folder {folder}',
                changed,
                f'the configuration asked for ({", ".join(f"{k}={now[k]}" for k in changed)}); '
                'it holds a run with another configuration',
                'choose another run folder or delete this one',
            )
        return
    dump(config, path)
    write_json(folder / 'environment.json', environment())


def environment() -> dict[str, Any]:
    """What a reader needs to repeat the run."""
    return {
        'python': platform.python_version(),
        'torch': torch.__version__,
        'numpy': np.__version__,
        'machine': platform.machine(),
        'cuda': torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        'processes': part().world,
    }


def write_json(path: Path, value: object) -> None:
    """Write any plain value."""
    path.write_text(json.dumps(value, indent=1) + '\n', encoding='utf-8')


def plot_curves(history: list[dict[str, float]], path: Path, title: str) -> None:
    """Losses on the left, validation scores on the right."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    # Fixed margins: finding them costs more than a small run's whole training.
    figure.subplots_adjust(0.07, 0.12, 0.98, 0.92)
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
