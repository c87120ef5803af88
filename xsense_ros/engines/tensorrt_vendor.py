# SPDX-License-Identifier: Apache-2.0
"""NVIDIA's TensorRT as it is installed here: 10.x, 11.x or TensorRT-RTX 1.x.

Their Python modules differ in what they have, not in how it is called; what differs is asked for
by name. All three are optional, so nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from xsense_ros.errors import EngineError

INSTALL = {
    'tensorrt': 'use a Jetson or an image that brings TensorRT, or install it from NVIDIA; '
    'or name tensorrt_rtx, which builds without a GPU',
    'tensorrt_rtx': 'pip install tensorrt-rtx-cu13',
}
OLDEST = {'tensorrt': 10, 'tensorrt_rtx': 1}


class Messages:
    """What the runtime said, kept for the error that follows; one per runtime and process.

    logger: what TensorRT wants to be given; it accepts only the first one of a process.
    """

    def __init__(self, module: Any) -> None:
        self._lines: list[str] = []
        lines, errors = self._lines, (module.ILogger.ERROR, module.ILogger.INTERNAL_ERROR)

        class Logger(module.ILogger):  # type: ignore[misc]
            def __init__(self) -> None:
                module.ILogger.__init__(self)

            def log(self, severity: Any, message: str) -> None:
                if severity in errors:
                    lines.append(message.strip())

        self.logger = Logger()

    def take(self) -> str:
        """Errors since the last call, in one line."""
        told = '; '.join(self._lines)
        self._lines.clear()
        return told


@dataclass(frozen=True)
class Vendor:
    """A TensorRT module, and what it can do.

    name: of the module and of the backend; version: of the library, part of every engine's key;
    any_gpu: it builds for compute capabilities that are named, without a GPU.
    """

    name: str
    version: str
    module: Any
    messages: Messages

    @property
    def title(self) -> str:
        """'tensorrt_rtx 1.7.1.116'."""
        return f'{self.name} {self.version}'

    @property
    def any_gpu(self) -> bool:
        """Whether engines are built ahead of time for named compute capabilities."""
        return hasattr(self.module, 'ComputeCapability')

    @property
    def compute_capabilities(self) -> tuple[str, ...]:
        """Those that can be named, '8.9'; empty where it builds for the GPU it runs on alone."""
        if not self.any_gpu:
            return ()
        names = [n[2:] for n in self.module.ComputeCapability.__members__ if n.startswith('SM')]
        return tuple(f'{name[:-1]}.{name[-1]}' for name in names)


@cache
def load_vendor(name: str) -> Vendor:
    """Import a TensorRT.

    Args:
        name: 'tensorrt' or 'tensorrt_rtx'.

    Raises:
        EngineError: not installed, its libraries are missing, or it is too old.
    """
    try:
        module = importlib.import_module(name)
    # A binding without its library raises ImportError or OSError, of other drivers RuntimeError.
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(name, str(error), 'an installed TensorRT', INSTALL[name]) from error
    version = str(module.__version__)
    if int(version.partition('.')[0]) < OLDEST[name]:
        raise EngineError(name, version, f'{OLDEST[name]}.0 or newer', INSTALL[name])
    return Vendor(name, version, module, Messages(module))
