# SPDX-License-Identifier: Apache-2.0
"""Where a person watches a run while it goes on: TensorBoard, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from matplotlib import pyplot as plt

from xsense_ros.errors import InputError


class Board(Protocol):
    """Where numbers and pictures go while the run goes on."""

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Numbers by name."""
        ...

    def picture(self, path: Path, step: int) -> None:
        """A PNG file, under its name."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class NoBoard:
    """Shows nothing: other processes than the first, and tensorboard=False."""

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Nothing."""

    def picture(self, path: Path, step: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class TensorBoard:
    """Event files in folder/tensorboard: `tensorboard --logdir RUNS` shows all runs below RUNS.

    Raises:
        InputError: the package is not installed.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise InputError(
                'tensorboard',
                str(error),
                'the package',
                'pip install tensorboard, or set it False',
            ) from None
        # What a killed run wrote after its last checkpoint is written once more; purge it.
        purge = {'purge_step': step + 1} if step else {}
        self.writer = SummaryWriter(str(folder / 'tensorboard'), **purge)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Numbers by name; 'val_' goes to a group of its own."""
        for name, value in values.items():
            group = 'validation' if name.startswith('val_') else 'training'
            tag = f'{group}/{name.removeprefix("val_")}'
            self.writer.add_scalar(tag, value, step)

    def picture(self, path: Path, step: int) -> None:
        """A PNG file, under its name."""
        pixels = plt.imread(path)[..., :3]
        self.writer.add_image(path.stem, pixels, step, dataformats='HWC')

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()
