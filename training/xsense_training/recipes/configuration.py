# SPDX-License-Identifier: Apache-2.0
"""A recipe's configuration: its defaults or a file, then what the command line changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from xsense_training.config import load, override
from xsense_training.recipes.registry import RunOptions

T = TypeVar('T')


def configured(default: T, options: RunOptions, loops: Sequence[str] = ('train',)) -> T:
    """The configuration that the options ask for.

    Args:
        default: the variant's own; a file must hold one of the same type.
        options: of the command line.
        loops: names of the fields that configure a training loop; they get the threads.

    Raises:
        InputError: an unknown field, or a value that does not fit.
    """
    config = default if options.config is None else load(type(default), options.config)
    threads = tuple((f'{loop}.threads', str(options.threads)) for loop in loops)
    return override(config, threads + options.overrides)
