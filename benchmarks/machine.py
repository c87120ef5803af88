# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on; never how the machine is called."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import psutil

from xsense_ros.engines.cuda import gpu_at_hand

# What decides how fast small numbers are multiplied: integers of 8 bits (VNNI, AMX and the like,
# asimddp and i8mm on Arm) and halves; without any of them both gain little.
INSTRUCTIONS = (
    *('avx2', 'fma', 'f16c', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16'),
    *('amx_bf16', 'amx_int8', 'asimd', 'asimdhp', 'asimddp', 'i8mm', 'bf16', 'sve', 'sve2'),
)
_CPUINFO = Path('/proc/cpuinfo')
_SHOWN = ('numpy', 'onnxruntime', 'openvino', 'torch', 'tensorrt', 'tensorrt-rtx-cu13', 'rclpy')


def machine() -> dict[str, object]:
    """Processor and what it can do, cores this process may use, memory, GPU, and versions."""
    info = _CPUINFO.read_text() if _CPUINFO.exists() else ''
    gpu = gpu_at_hand()
    return {
        'cpu': _first(info, 'model name', 'Model') or platform.machine(),
        'instructions': instructions(info),
        'cores': len(os.sched_getaffinity(0)),
        'memory_gb': round(psutil.virtual_memory().total / 1e9),
        'gpu': '' if gpu is None else gpu.name,
        'system': f'{platform.system()} {platform.machine()}',
        'python': platform.python_version(),
        'versions': {name: found for name in _SHOWN if (found := _version(name))},
    }


def instructions(info: str) -> list[str]:
    """Those of INSTRUCTIONS that the processor of this /proc/cpuinfo has."""
    known = _first(info, 'flags', 'Features').split()
    return [name for name in INSTRUCTIONS if name in known]


def _first(info: str, *keys: str) -> str:
    lines = (line.partition(':') for line in info.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() in keys), '')


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ''
