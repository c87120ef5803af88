# SPDX-License-Identifier: Apache-2.0
"""The fake TensorRT and CUDA as fixtures; apart, for builders import the fakes without pytest."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.unit.engines.fake_tensorrt import FakeCuda, FakeTensorRt
from xsense_ros.engines import cuda, tensorrt_vendor


@pytest.fixture
def trt(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTensorRt]:
    """The fake as the installed `tensorrt`."""
    module = FakeTensorRt()
    monkeypatch.setitem(sys.modules, 'tensorrt', module)
    tensorrt_vendor.load_vendor.cache_clear()
    yield module
    tensorrt_vendor.load_vendor.cache_clear()


@pytest.fixture
def cudart(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    """The fake as CUDA's runtime."""
    found = FakeCuda()
    monkeypatch.setattr(cuda, 'runtime', lambda: found)
    return found
