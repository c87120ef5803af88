# SPDX-License-Identifier: Apache-2.0
"""What an engine was built from and for; two engines with one key are interchangeable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields

ANY_GPU = 'any'
_TOLD = {
    'onnx_sha256': 'model',
    'runtime': 'TensorRT',
    'device': 'GPU',
    'compute_capability': 'compute capability',
    'profile': 'shapes',
    'precision': 'precision',
}


@dataclass(frozen=True)
class EngineKey:
    """Everything that decides whether an engine may run here.

    onnx_sha256: of the model file; runtime: name and version ('tensorrt 10.13.2'); device: name of
    the GPU, ANY_GPU for an engine that was built ahead of time; compute_capability: '8.7', or all
    that it was built for, '8.9+12.0'; profile: shapes that it accepts; precision: what the builder
    was allowed beyond the graph's own types.
    """

    onnx_sha256: str
    runtime: str
    device: str
    compute_capability: str
    profile: str
    precision: str

    @property
    def digest(self) -> str:
        """32 hexadecimal digits over all fields: the name of the engine's files."""
        canonical = json.dumps(asdict(self), sort_keys=True, separators=(',', ':'))
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]

    def serves(self, wanted: EngineKey) -> bool:
        """Whether an engine with this key can run where ``wanted`` is asked for.

        An engine for any GPU serves those of its compute capabilities.
        """
        if self == wanted:
            return True
        ours, theirs = (set(k.compute_capability.split('+')) for k in (self, wanted))
        elsewhere = self.device == ANY_GPU and theirs <= ours
        same = (self.onnx_sha256, self.runtime, self.profile, self.precision)
        asked = (wanted.onnx_sha256, wanted.runtime, wanted.profile, wanted.precision)
        return elsewhere and same == asked

    def differences(self, wanted: EngineKey) -> list[str]:
        """What would have to be equal and is not, 'TensorRT 10.3.0 -> 10.13.2'."""
        found = []
        for field in fields(self):
            ours, theirs = getattr(self, field.name), getattr(wanted, field.name)
            if ours != theirs:
                if field.name == 'onnx_sha256':
                    ours, theirs = ours[:12], theirs[:12]
                found.append(f'{_TOLD[field.name]} {ours} -> {theirs}')
        return found
