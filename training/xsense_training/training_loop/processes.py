# SPDX-License-Identifier: Apache-2.0
"""The processes that torchrun starts, one a GPU (or several on the CPU): which one this is.

Without torchrun there is one process, and everything here says so. The run folder has to lie on a
disk that all processes see; the first one writes.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from xsense_ros.errors import InputError


@dataclass(frozen=True)
class Part:
    """One process's share of every batch: the block `rank` of `world` equal blocks of rows."""

    rank: int = 0
    world: int = 1

    def rows(self, count: int) -> slice:
        """This part's rows of `count` ones.

        Raises:
            InputError: the rows cannot be shared equally (a mean of the processes' means would
                then not be the mean of the rows).
        """
        if count % self.world:
            raise InputError(
                'rows of a batch',
                count,
                f'a multiple of the {self.world} processes',
                f'use a batch of {max(1, count // self.world) * self.world} rows',
            )
        size = count // self.world
        return slice(self.rank * size, (self.rank + 1) * size)


def part() -> Part:
    """This process's share."""
    if not (dist.is_available() and dist.is_initialized()):
        return Part()
    return Part(dist.get_rank(), dist.get_world_size())


def join(device: str) -> torch.device:
    """Join the processes that torchrun started, if it did; the device of this one.

    Raises:
        InputError: 'cuda' where torch sees no GPU.
    """
    if device.startswith('cuda') and not torch.cuda.is_available():
        raise InputError('device', device, 'a GPU that torch can use', "use device='cpu'")
    many = int(os.environ.get('WORLD_SIZE', '1')) > 1
    if device == 'cuda' and many:
        device = f'cuda:{os.environ["LOCAL_RANK"]}'
        torch.cuda.set_device(device)
    if many and not dist.is_initialized():
        dist.init_process_group('nccl' if device.startswith('cuda') else 'gloo')
        atexit.register(dist.destroy_process_group)
    return torch.device(device)


def barrier() -> None:
    """Wait for the other processes."""
    if part().world > 1:
        dist.barrier()


def once(write: Callable[[], object]) -> None:
    """Run `write` in the first process alone; the others wait until it has.

    For what a recipe writes after `train`, which has joined the processes.
    """
    if part().rank == 0:
        write()
    barrier()


def from_first(value: Any) -> Any:
    """The first process's value, in every process."""
    if part().world == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def mean_of_all(value: Tensor) -> Tensor:
    """Mean over the processes of a detached tensor; not finite where one of them is not."""
    world = part().world
    if world == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / world


def stack_of_all(value: Tensor) -> Tensor:
    """(world, ...) one row a process; the tensor must lie where the backend can reach it."""
    world = part().world
    rows = [torch.empty_like(value) for _ in range(world)]
    if world == 1:
        return value[None]
    dist.all_gather(rows, value)
    return torch.stack(rows)
