# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on; never how the machine is called."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import psutil

from xsense_ros.engines.cuda import gpu_at_hand

_SHOWN = ('numpy', 'onnxruntime', 'openvino', 'torch', 'tensorrt', 'tensorrt-rtx-cu13', 'rclpy')


def machine() -> dict[str, object]:
    """Processor, cores this process may use, memory, GPU, and versions of what was measured."""
    model = platform.machine()
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line for line in lines if line.startswith(('model name', 'Model'))]
        model = names[0].split(':', 1)[1].strip() if names else model
    gpu = gpu_at_hand()
    return {
        'cpu': model,
        'cores': len(os.sched_getaffinity(0)),
        'memory_gb': round(psutil.virtual_memory().total / 1e9),
        'gpu': '' if gpu is None else gpu.name,
        'system': f'{platform.system()} {platform.machine()}',
        'python': platform.python_version(),
        'versions': {name: found for name in _SHOWN if (found := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ''
