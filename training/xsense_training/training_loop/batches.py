# SPDX-License-Identifier: Apache-2.0
"""Batches of any shape: tensors, and tuples, lists, named tuples and dicts of them, rows first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from xsense_ros.errors import InputError
from xsense_training.training_loop.processes import Part


def map_tensors(function: Callable[[Tensor], Tensor], batch: Any) -> Any:
    """The same batch with every tensor replaced; what is no tensor stays."""
    if isinstance(batch, Tensor):
        return function(batch)
    if isinstance(batch, Mapping):
        return {key: map_tensors(function, value) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        inner = [map_tensors(function, value) for value in batch]
        return type(batch)(*inner) if hasattr(batch, '_fields') else type(batch)(inner)
    return batch


def named_tensors(batch: Any, name: str = 'batch') -> Iterator[tuple[str, Tensor]]:
    """Every tensor with the path that leads to it: 'batch.features.image'."""
    if isinstance(batch, Tensor):
        yield name, batch
    elif isinstance(batch, Mapping):
        for key, value in batch.items():
            yield from named_tensors(value, f'{name}.{key}')
    elif isinstance(batch, tuple | list):
        keys = getattr(batch, '_fields', range(len(batch)))
        for key, value in zip(keys, batch, strict=True):
            yield from named_tensors(value, f'{name}.{key}')


def count_rows(batch: Any) -> int:
    """Rows of the batch: those of its first tensor.

    Raises:
        InputError: a batch without a tensor or without rows.
    """
    for name, tensor in named_tensors(batch):
        if tensor.ndim == 0 or len(tensor) == 0:
            raise InputError(
                name,
                tuple(tensor.shape),
                'a tensor with at least one row',
                'look at what the task draws: an empty class or no samples at all',
            )
        return len(tensor)
    raise InputError('batch', type(batch).__name__, 'tensors', 'let the task draw tensors')


def take_part(batch: Any, part: Part) -> Any:
    """The rows of one process.

    Raises:
        InputError: tensors of different length, or rows that cannot be shared equally.
    """
    if part.world == 1:
        return batch
    count = count_rows(batch)
    for name, tensor in named_tensors(batch):
        if tensor.ndim == 0 or len(tensor) != count:
            raise InputError(
                name,
                tuple(tensor.shape),
                f'{count} rows, as the first tensor of the batch has',
                'bring a draw_part to the task, or keep in the task what is no row of a batch',
            )
    rows = part.rows(count)
    return map_tensors(lambda tensor: tensor[rows], batch)


def move(batch: Any, device: torch.device, channels_last: bool = False) -> Any:
    """The batch on the device; tensors (B, C, H, W) in that memory layout if asked for."""

    def one(tensor: Tensor) -> Tensor:
        if channels_last and tensor.ndim == 4:
            return tensor.to(device, memory_format=torch.channels_last, non_blocking=True)
        return tensor.to(device, non_blocking=True)

    return map_tensors(one, batch)
