# SPDX-License-Identifier: Apache-2.0
"""Every shipped bundle, really parsed and built by TensorRT-RTX, which needs no GPU for that."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from tests.unit.engines.fake_tensorrt import FakeEngine, FakeKernels, FakeTensorRt
from xsense_ros.cli import main
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.engine_store import models_of
from xsense_ros.engines.tensorrt_build import BuildSettings, build_plan
from xsense_ros.engines.tensorrt_vendor import Vendor, load_vendor
from xsense_ros.errors import EngineError

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec('tensorrt_rtx') is None,
    reason='TensorRT-RTX is not installed: .venv/bin/pip install tensorrt-rtx-cu13',
)
MODELS = Path(__file__).parents[3] / 'models'
BUNDLES = sorted(path.parent.name for path in MODELS.glob('*/manifest.json'))
TARGETS = ('8.9', '12.0')


@pytest.fixture(scope='module')
def vendor() -> Vendor:
    return load_vendor('tensorrt_rtx')


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all bundles, so that a trunk that they share is built once."""
    return tmp_path_factory.mktemp('engines')


def engines(*arguments: object) -> str:
    done = CliRunner().invoke(main, ['engines', *(str(argument) for argument in arguments)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize('name', BUNDLES)
def test_every_shipped_bundle_is_built_for_two_generations_of_gpus(
    name: str, folder: Path
) -> None:
    targets = [part for target in TARGETS for part in ('--compute-capability', target)]
    here = (MODELS / name, '--backend', 'tensorrt_rtx', *targets, '--cache', folder)
    assert 'no engine' in engines('explain', *here) or 'ready' in engines('explain', *here)
    told = engines('build', *here)
    wanted = models_of([Bundle.open(MODELS / name)])
    assert all(one.name in told for one in wanted)
    ready = engines('explain', *here).splitlines()
    assert ready == [f'{one.name}: ready' for one in wanted]
    assert 'there already' in engines('build', *here)
    assert '0 damaged' in engines('verify', '--cache', folder)
    found = EngineCache(folder).entries()
    shas = {one.spec.sha256 for one in wanted}
    sizes = [e.bytes for e in found if e.key.onnx_sha256 in shas]
    assert len(sizes) == len(wanted) and min(sizes) > 10_000
    assert {e.key.compute_capability for e in found} == {'8.9+12.0'}


def test_the_fake_offers_nothing_that_the_real_one_lacks(vendor: Vendor) -> None:
    """NVIDIA ships no type information: what we call is looked up in the real module."""
    trt = vendor.module
    real = {*dir(trt.ICudaEngine), *dir(trt.IExecutionContext)}
    assert {name for name in vars(FakeEngine) if name[0] != '_'} <= real
    assert {name for name in vars(FakeKernels) if name[0] != '_'} <= {*dir(trt.IRuntimeCache)}
    config = {'set_execution_context_allocation_strategy', 'create_runtime_cache'}
    assert config | {'set_runtime_cache'} <= {*dir(trt.IRuntimeConfig)}
    assert hasattr(trt.ExecutionContextAllocationStrategy, 'USER_MANAGED')
    fake = FakeTensorRt()
    fake.share_memory()
    fake.keep_kernels()
    ours = {'calls', 'plan', 'parses', 'loads', 'has_gpu', 'runs', 'inputs', 'layers', 'scratch'}
    ours |= {'logger', 'note', 'named', 'share_memory', 'keep_kernels'}
    assert {name for name in dir(fake) if name[0] != '_'} - ours <= {*dir(trt)}
    builder = FakeTensorRt.Builder(fake, None)
    assert set(vars(builder)) <= {*dir(trt.Builder)}
    assert set(vars(builder.create_network(0))) <= {*dir(trt.INetworkDefinition)}
    assert set(vars(builder.create_builder_config())) <= {*dir(trt.IBuilderConfig)}


def test_progress_is_that_of_the_real_builder(vendor: Vendor) -> None:
    told: list[float] = []
    model = models_of([Bundle.open(MODELS / BUNDLES[0])])[-1]
    build_plan(vendor, model.path, BuildSettings(), lambda share, phase: told.append(share))
    assert told == sorted(told) and told[0] == 0 and told[-1] == 1 and len(told) > 10


def model_with(operator: onnx.NodeProto, path: Path, extra: list[onnx.TensorProto]) -> Path:
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in 'xy')
    graph = helper.make_graph([operator], 'one', [x], [y], extra)
    opsets = [helper.make_opsetid('', 20), helper.make_opsetid('ours', 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return path


def test_an_operator_that_it_does_not_know_is_named(vendor: Vendor, tmp_path: Path) -> None:
    node = helper.make_node('Sniff', ['x'], ['y'], domain='ours')
    with pytest.raises(EngineError, match='Sniff'):
        build_plan(vendor, model_with(node, tmp_path / 'sniff.onnx', []), BuildSettings())


def test_a_file_that_is_no_model_is_named(vendor: Vendor, tmp_path: Path) -> None:
    (tmp_path / 'a.onnx').write_bytes(b'no model')
    with pytest.raises(EngineError, match=r'a\.onnx'):
        build_plan(vendor, tmp_path / 'a.onnx', BuildSettings())


def test_a_batch_that_is_fixed_stays_so(vendor: Vendor, tmp_path: Path) -> None:
    table = numpy_helper.from_array(np.eye(4, dtype=np.float32), 'w')
    node = helper.make_node('MatMul', ['x', 'w'], ['y'])
    fixed = model_with(node, tmp_path / 'fixed.onnx', [table])
    assert build_plan(vendor, fixed, BuildSettings(batch=8))


def test_a_generation_that_it_does_not_know_is_refused(vendor: Vendor) -> None:
    model = models_of([Bundle.open(MODELS / BUNDLES[0])])[-1]
    with pytest.raises(EngineError, match=r"expected some of \['7\.5'"):
        build_plan(vendor, model.path, BuildSettings(compute_capabilities=('9.0',)))
    assert set(TARGETS) <= set(vendor.compute_capabilities) and vendor.any_gpu
