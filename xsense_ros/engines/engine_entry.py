# SPDX-License-Identifier: Apache-2.0
"""One engine on disk: its bytes, the JSON that describes them, and what was compiled of it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from xsense_ros.engines.engine_key import EngineKey
from xsense_ros.errors import EngineError


@dataclass(frozen=True)
class Entry:
    """The JSON beside an engine, and where it lies.

    model: what people know the ONNX model by; sha256, bytes: of the engine; built: UTC; seconds:
    that building took; reason: why it was built.
    """

    key: EngineKey
    model: str
    sha256: str
    bytes: int
    built: str
    seconds: float
    reason: str
    path: Path

    @property
    def engine(self) -> Path:
        """The engine's file."""
        return self.path.with_suffix('.engine')

    @property
    def size(self) -> int:
        """Bytes on disk, kernels included."""
        size = self.bytes
        for path in self.every_kernels():
            with contextlib.suppress(OSError):
                size += path.stat().st_size
        return size

    def kernels(self, gpu: str) -> Path:
        """File for the kernels that TensorRT-RTX compiles of this engine for one kind of GPU."""
        name = re.sub(r'[^A-Za-z0-9]+', '-', gpu)
        return self.path.with_name(f'{self.path.stem}.{name}.kernels')

    def every_kernels(self) -> list[Path]:
        """Such files that are there."""
        return sorted(self.path.parent.glob(f'{self.path.stem}.*.kernels'))

    @property
    def used(self) -> float:
        """When it was last loaded, seconds since 1970."""
        try:
            return self.engine.stat().st_mtime
        except OSError:
            return 0.0

    def to_json(self) -> str:
        """Text of the file."""
        told = {name: value for name, value in asdict(self).items() if name != 'path'}
        return json.dumps(told, indent=1) + '\n'

    @classmethod
    def read(cls, path: Path) -> Entry:
        """EngineError where the file is not the JSON of an engine."""
        try:
            told = json.loads(path.read_text(encoding='utf-8'))
            return cls(**told | {'key': EngineKey(**told['key']), 'path': path})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EngineError(
                'engine description', str(path), f'the JSON beside an engine ({error})',
                'xsense engines prune --damaged',
            ) from error  # fmt: skip


def checked_plan(entry: Entry) -> tuple[bytes | None, str | None]:
    """An engine's bytes, or what is wrong with them: a runtime trusts what it is given."""
    try:
        content = entry.engine.read_bytes()
    except OSError as error:
        return None, str(error)
    if len(content) != entry.bytes:
        return None, f'{len(content)} bytes instead of {entry.bytes}'
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        return None, 'its checksum is not the one that was written down'
    return content, None
