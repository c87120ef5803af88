# SPDX-License-Identifier: Apache-2.0
"""Messages as plain values, for JSON: the message's own field names, nested as they are."""

from __future__ import annotations

import array
import math
from typing import Any

import numpy as np


def to_plain(message: Any) -> Any:
    """A message as dicts, lists, numbers and strings.

    32-bit floats become the shortest decimal number that reads back as the same 32-bit float;
    those that are not finite, which JSON does not know, become None.
    """
    kinds = message.get_fields_and_field_types()
    return {name: _plain(getattr(message, name), kind) for name, kind in kinds.items()}


def _plain(value: Any, kind: str) -> Any:
    if hasattr(value, 'get_fields_and_field_types'):
        return to_plain(value)
    if isinstance(value, (list, tuple, array.array, np.ndarray)):
        inner = kind.removeprefix('sequence<').partition('>')[0].partition('[')[0]
        return [_plain(element, inner.partition(',')[0]) for element in value]
    if kind == 'float':
        return float(str(np.float32(value))) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
