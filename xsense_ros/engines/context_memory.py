# SPDX-License-Identifier: Apache-2.0
"""Scratch memory on the GPU that engines share: as large as the largest needs, not as all do."""

from __future__ import annotations

import threading
from typing import Protocol

from xsense_ros.engines import cuda


class Tenant(Protocol):
    """An engine that computes in shared memory."""

    def use_memory(self, address: int, size: int) -> None:
        """Compute there from now on. Called with the memory's lock held."""
        ...


class ContextMemory:
    """Scratch memory of several engines, of which one computes at a time.

    A tower needs its activations only while it runs, and a robot has one GPU: ten towers that take
    turns need the memory of one. Whoever runs an engine holds ``lock`` until its result is there.

    Attributes:
        lock: guards the memory and everything its tenants do on the GPU.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._tenants: list[Tenant] = []
        self._address = self._size = 0

    @property
    def size(self) -> int:
        """Bytes that are held now."""
        return self._size

    def join(self, tenant: Tenant, size: int) -> None:
        """Give an engine the memory, which grows where it is too small.

        Args:
            tenant: told of its address now, and whenever it moves.
            size: bytes that it needs.

        Raises:
            EngineError: no more memory on the device; the other tenants keep what they have.
        """
        with self.lock:
            if size > self._size or not self._address:
                fresh = int(cuda.call('cudaMalloc', max(1, size)))
                old, self._address, self._size = self._address, fresh, size
                for other in self._tenants:
                    other.use_memory(self._address, self._size)
                if old:
                    cuda.release('cudaFree', old)
            self._tenants.append(tenant)
            tenant.use_memory(self._address, self._size)

    def leave(self, tenant: Tenant) -> None:
        """An engine is closed; with the last one the memory is freed. Twice is harmless."""
        with self.lock:
            if tenant in self._tenants:
                self._tenants.remove(tenant)
            if not self._tenants and self._address:
                cuda.release('cudaFree', self._address)
                self._address = self._size = 0


SHARED = ContextMemory()
"""That of all engines of this process."""
