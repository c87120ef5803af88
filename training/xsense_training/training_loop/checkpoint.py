# SPDX-License-Identifier: Apache-2.0
"""Files a kill cannot spoil, and the random streams of every process that go into them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xsense_ros.errors import InputError
from xsense_training.training_loop.processes import part, stack_of_all


def save(path: Path, state: object) -> None:
    """Write beside, then rename: a kill while saving leaves the last good file."""
    partial = path.with_suffix('.partial')
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path, device: torch.device, needed: Collection[str] = ()) -> dict[str, Any]:
    """What `save` wrote: tensors, numbers and texts in plain containers; nothing is executed.

    Raises:
        InputError: not such a file, or one without an entry that is needed.
    """
    cure = 'delete the run folder and train again'
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # zip, pickle and torch each raise their own
        raise InputError(
            'checkpoint',
            str(path),
            f'a file this trainer wrote ({type(error).__name__})',
            cure,
        ) from error
    if missing := set(needed) - state.keys():
        raise InputError('checkpoint', str(path), f'entries {sorted(missing)} in it', cure)
    return state


def random_streams(device: torch.device) -> dict[str, Tensor]:
    """State of torch's generators on the CPU and the GPU, (world, bytes) uint8 each."""
    states = {'cpu': torch.get_rng_state()}
    if device.type == 'cuda':
        states['cuda'] = torch.cuda.get_rng_state(device)
    return {name: stack_of_all(state.to(device)).cpu() for name, state in states.items()}


def restore_streams(streams: dict[str, Tensor], device: torch.device) -> None:
    """Give this process its streams back; a process that was not there before keeps its own."""
    rank = part().rank
    for name, states in streams.items():
        if rank >= len(states):
            continue
        state = states[rank].cpu().clone()  # torch reads the storage from its start, not the view
        if name == 'cpu':
            torch.set_rng_state(state)
        elif device.type == 'cuda':
            torch.cuda.set_rng_state(state, device)
