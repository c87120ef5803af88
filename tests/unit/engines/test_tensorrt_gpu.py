# SPDX-License-Identifier: Apache-2.0
"""The TensorRT backends on a real GPU: the same vectors as ONNX Runtime, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xsense_ros.engines import cuda
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.context_memory import SHARED
from xsense_ros.engines.engine_store import Wanted, build_all, models_of, settings_for
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.engines.tensorrt import TensorRtEngine
from xsense_ros.engines.tensorrt_vendor import Vendor, load_vendor
from xsense_ros.errors import EngineError

# An engine of TensorRT may take minutes to build.
pytestmark = [pytest.mark.gpu, pytest.mark.timeout(1800)]
MODELS = Path(__file__).parents[3] / 'models'
WANTED = models_of(Bundle.open(path.parent) for path in sorted(MODELS.glob('*/manifest.json')))
GRAPHS = 3  # the first call runs as it is, later ones are a CUDA graph


@pytest.fixture(scope='module', params=['tensorrt', 'tensorrt_rtx'])
def vendor(request: pytest.FixtureRequest) -> Vendor:
    try:
        cuda.find_gpu()
        return load_vendor(request.param)
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope='module')
def cache(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    return EngineCache(tmp_path_factory.mktemp('engines'), say=print)


def samples(wanted: Wanted) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    found = {}
    for tensor in wanted.spec.inputs:
        shape = [axis if isinstance(axis, int) else 1 for axis in tensor.shape]
        if tensor.dtype.startswith('int'):
            found[tensor.name] = rng.integers(0, 100, shape).astype(tensor.dtype)
        else:
            found[tensor.name] = rng.random(shape).astype(tensor.dtype)
    return found


@pytest.mark.parametrize('wanted', WANTED, ids=lambda wanted: wanted.name)
def test_vectors_are_those_of_onnx_runtime(
    wanted: Wanted, vendor: Vendor, cache: EngineCache
) -> None:
    gpu = cuda.find_gpu()
    settings = settings_for(vendor, cache, gpu)
    list(build_all(vendor, [wanted], settings, cache, gpu, lambda *told: None))
    engine = TensorRtEngine(wanted.path, wanted.spec, backend=vendor.name, cache=cache)
    reference = OnnxEngine(wanted.path, wanted.spec, threads=1)
    inputs = samples(wanted)
    expected = reference.infer(inputs)
    for _ in range(GRAPHS):
        for name, value in engine.infer(inputs).items():
            np.testing.assert_allclose(value, expected[name], rtol=1e-3, atol=1e-3)
        engine.warm_up()
    engine.close()
    reference.close()


def test_closing_gives_the_memory_back(vendor: Vendor, cache: EngineCache) -> None:
    gpu = cuda.find_gpu()
    list(build_all(vendor, WANTED[:1], settings_for(vendor, cache, gpu), cache, gpu, print))
    free = []
    for _ in range(4):
        engine = TensorRtEngine(WANTED[0].path, WANTED[0].spec, backend=vendor.name, cache=cache)
        engine.warm_up()
        engine.close()
        free.append(cuda.call('cudaMemGetInfo')[0])
    assert free[-1] >= free[1] - (1 << 20)


def test_engines_share_their_scratch_memory(vendor: Vendor, cache: EngineCache) -> None:
    gpu = cuda.find_gpu()
    list(build_all(vendor, WANTED, settings_for(vendor, cache, gpu), cache, gpu, print))
    engines = [
        TensorRtEngine(wanted.path, wanted.spec, backend=vendor.name, cache=cache)
        for wanted in WANTED
    ]
    expected = [engine.infer(samples(one)) for engine, one in zip(engines, WANTED, strict=True)]
    for engine in engines:
        engine.warm_up()
    # In turns, recorded as graphs: nobody finds what another left in the memory.
    for engine, one, before in zip(engines, WANTED, expected, strict=True):
        for name, value in engine.infer(samples(one)).items():
            np.testing.assert_allclose(value, before[name], rtol=1e-4, atol=1e-5)
    for engine in engines:
        engine.close()
    assert SHARED.size == 0
