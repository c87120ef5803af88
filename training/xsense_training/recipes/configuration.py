# SPDX-License-Identifier: Apache-2.0
"""A recipe's configuration: its defaults or a file, then what the command line changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from xsense_ros.errors import InputError
from xsense_training.config import load, override
from xsense_training.recipes.registry import RunOptions
from xsense_training.trainer import TrainConfig

T = TypeVar('T')


def configured(variants: Mapping[str, T], options: RunOptions) -> T:
    """The configuration that the options ask for; its training loops get the threads.

    Args:
        variants: default configuration by variant; a file must hold one of the same type.
        options: of the command line.

    Raises:
        InputError: an unknown variant or field, a value that does not fit, or a configuration
            that names another variant than the options do.
    """
    if options.variant not in variants:
        raise InputError('variant', options.variant, ' or '.join(variants), 'correct the name')
    default = variants[options.variant]
    config = default if options.config is None else load(type(default), options.config)
    loops = [
        field.name
        for field in fields(cast(Any, config))
        if isinstance(getattr(config, field.name), TrainConfig)
    ]
    threads = tuple((f'{loop}.threads', str(options.threads)) for loop in loops)
    config = override(config, threads + options.overrides)
    named = getattr(config, 'variant', options.variant)
    if named != options.variant:
        raise InputError(
            'variant of the configuration', named, repr(options.variant), f'add --variant {named}'
        )
    return config
