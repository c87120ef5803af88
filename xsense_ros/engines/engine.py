# SPDX-License-Identifier: Apache-2.0
"""What every inference backend offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from xsense_ros.errors import EngineError


class MissingEngineError(EngineError):
    """A backend could serve, if only the engine of this model were built."""


@dataclass(frozen=True)
class EngineDescription:
    """What runs where, for logs and diagnostics.

    ``precision`` is what it computes in: 'fp32', 'fp16', 'bf16' or 'int8'.
    ``threads`` is the number of threads within one operator. ``fault`` says why a backend that was
    preferred does not run it now, ``building`` how far the engine is that will.
    """

    backend: str
    device: str
    precision: str
    model: str
    threads: int
    fault: str = ''
    building: str = ''


class Engine(Protocol):
    """A model ready to run. ``infer`` may be called from several threads at once."""

    def infer(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name. EngineError for wrong names, dtypes or shapes, and after close()."""
        ...

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real sample does not pay for lazy allocation."""
        ...

    def describe(self) -> EngineDescription:
        """Backend, device, precision, model file and threads."""
        ...

    def close(self) -> None:
        """Free the model's memory; closing twice is harmless."""
        ...
