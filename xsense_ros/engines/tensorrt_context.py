# SPDX-License-Identifier: Apache-2.0
"""The bytes of an engine -> a context that runs it, in memory that engines share where they can.

TensorRT-RTX compiles its kernels on the robot, when a context is made and first used. What it
compiled is kept beside the engine, so that the next start takes it from there.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsense_ros.engines.cache import write_whole
from xsense_ros.engines.tensorrt_vendor import Vendor
from xsense_ros.errors import EngineError

_DIGEST = hashlib.sha256().digest_size


@dataclass
class Kernels:
    """Kernels that TensorRT-RTX compiled, and the file that keeps them: SHA-256, then its bytes.

    vendor's: the runtime's own object, filled while engines run; kept: what the file holds now.
    """

    path: Path
    vendors: Any
    kept: bytes = b''

    def load(self) -> None:
        """Take what the file holds. A damaged one, or one of another driver, is not taken."""
        with contextlib.suppress(OSError):
            content = self.path.read_bytes()
            digest, compiled = content[:_DIGEST], content[_DIGEST:]
            if hashlib.sha256(compiled).digest() == digest and self.vendors.deserialize(compiled):
                self.kept = compiled

    def save(self) -> None:
        """Write the file where there is something new; a folder that cannot be written is left."""
        found = self.vendors.serialize()
        compiled = b'' if found is None else bytes(found)
        if compiled and compiled != self.kept:
            with contextlib.suppress(OSError):
                write_whole(self.path, hashlib.sha256(compiled).digest() + compiled)
                self.kept = compiled


@dataclass
class Loaded:
    """An engine in the runtime.

    shared_bytes: scratch memory to be given to it; None: it has its own. kernels: None where
    nothing is compiled on the robot.
    """

    runtime: Any
    engine: Any
    context: Any
    shared_bytes: int | None
    kernels: Kernels | None


def load_plan(vendor: Vendor, plan: bytes, name: str, kernels: Path) -> Loaded:
    """Load an engine.

    Args:
        vendor: which TensorRT.
        plan: the engine's bytes, verified: a runtime trusts whatever it is given.
        name: of the model, for people.
        kernels: file for what TensorRT-RTX compiles.

    Raises:
        EngineError: the runtime takes it not; the message holds what it said.
    """
    trt = vendor.module
    vendor.messages.take()
    runtime = trt.Runtime(vendor.messages.logger)
    engine = runtime.deserialize_cuda_engine(plan)
    context, kept = _context(trt, engine, kernels) if engine else (None, None)
    if not context:
        raise EngineError(
            f'loading the engine of {name} into {vendor.title}',
            'no engine',
            f'an engine; it said: {vendor.messages.take() or "nothing"}',
            'free memory on the device; or xsense engines prune --all, and build again',
        )
    shared = int(engine.device_memory_size_v2) if _can_share(trt) else None
    return Loaded(runtime, engine, context, shared, kept)


def _can_share(trt: Any) -> bool:
    """Whether contexts compute in memory that is given to them: TensorRT 10.1 and newer."""
    strategies = getattr(trt, 'ExecutionContextAllocationStrategy', None)
    return (
        hasattr(strategies, 'USER_MANAGED')
        and hasattr(trt.IExecutionContext, 'set_device_memory')
        and hasattr(trt.ICudaEngine, 'device_memory_size_v2')
    )


def _context(trt: Any, engine: Any, path: Path) -> tuple[Any, Kernels | None]:
    shares = _can_share(trt)
    if not hasattr(trt, 'IRuntimeCache'):
        if not shares:
            return engine.create_execution_context(), None
        strategy = trt.ExecutionContextAllocationStrategy.USER_MANAGED
        return engine.create_execution_context(strategy), None
    config = engine.create_runtime_config()
    if shares:
        strategy = trt.ExecutionContextAllocationStrategy.USER_MANAGED
        config.set_execution_context_allocation_strategy(strategy)
    kernels = Kernels(path, config.create_runtime_cache())
    kernels.load()
    config.set_runtime_cache(kernels.vendors)
    return engine.create_execution_context(config), kernels
