# SPDX-License-Identifier: Apache-2.0
"""Curated class labels of animals and instruments, by the name of the thing."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any, cast

from xsense_training.data.names import normalise


@functools.cache
def curated() -> dict[str, Any]:
    """The table as it is on disk: 'animals', 'instruments' and 'general_midi'."""
    text = resources.files('xsense_training.data').joinpath('classes.json').read_text('utf-8')
    return cast('dict[str, Any]', json.loads(text))


@functools.cache
def _class_of() -> dict[str, str]:
    table: dict[str, str] = {}
    for kind in ('animals', 'instruments'):
        for label, names in curated()[kind].items():
            for name in names:
                table[normalise(name)] = label
    return table


def category_of(name: str, default: str) -> str:
    """Curated class of a thing, e.g. 'dog' for 'A dog.' or 'bowed strings' for 'cello'.

    Args:
        name: English name or caption.
        default: label of what is neither a listed animal nor a listed instrument.
    """
    return _class_of().get(normalise(name), default)


def is_curated(category: str) -> bool:
    """True for the label of an animal or instrument class."""
    return any(category in curated()[kind] for kind in ('animals', 'instruments'))
