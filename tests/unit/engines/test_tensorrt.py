# SPDX-License-Identifier: Apache-2.0
"""Control flow of the TensorRT backend against a fake that writes down its calls.

What a GPU computes and how fast is not tested here: test_tensorrt_gpu.py runs where there is one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.unit.engines.fake_fixtures import cudart, trt
from tests.unit.engines.fake_tensorrt import GPU, FakeCuda, FakeTensorRt, Kind, Layer
from xsense_ros.engines import cuda
from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.cache import CACHE_VARIABLE, EngineCache
from xsense_ros.engines.engine_key import ANY_GPU
from xsense_ros.engines.engine_store import settings_for
from xsense_ros.engines.manifest import ModelSpec, TensorSpec
from xsense_ros.engines.tensorrt import TensorRtEngine
from xsense_ros.engines.tensorrt_build import BuildSettings, PhaseProgress, build_plan
from xsense_ros.engines.tensorrt_key import engine_key
from xsense_ros.engines.tensorrt_vendor import Vendor, load_vendor
from xsense_ros.errors import EngineError

__all__ = ['cudart', 'trt']  # fixtures
SPEC = ModelSpec(
    'trunk.onnx',
    'a' * 64,
    (TensorSpec('image', ('batch', 3, 4, 4), 'float32'),),
    (TensorSpec('features', ('batch', 3, 4, 4), 'float32'),),
)
ONNX = Path('seeing/trunk.onnx')
IMAGE = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineCache:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return EngineCache(say=lambda line: None)


def fill(cache: EngineCache, vendor: Vendor, gpu: cuda.Gpu = GPU) -> None:
    key = engine_key(vendor, SPEC, BuildSettings(), gpu)
    cache.get_or_build(key, 'seeing/trunk.onnx', lambda: b'plan')


class TestVendor:
    def test_an_absent_and_an_old_one_name_the_cure(
        self, monkeypatch: pytest.MonkeyPatch, trt: FakeTensorRt
    ) -> None:
        trt.__version__ = '8.6.1'
        with pytest.raises(EngineError, match=r"'8\.6\.1', expected 10\.0 or newer"):
            load_vendor('tensorrt')
        monkeypatch.setitem(sys.modules, 'tensorrt_rtx', None)
        with pytest.raises(EngineError, match='pip install tensorrt-rtx'):
            load_vendor('tensorrt_rtx')

    def test_what_it_can_do_is_asked_of_the_module(self, trt: FakeTensorRt) -> None:
        vendor = load_vendor('tensorrt')
        assert vendor.title == 'tensorrt 10.3.0'
        assert not vendor.any_gpu and vendor.compute_capabilities == ()
        trt.ComputeCapability = SimpleNamespace(__members__={'NONE': 0, 'SM89': 1, 'SM120': 2})
        assert vendor.any_gpu and vendor.compute_capabilities == ('8.9', '12.0')


class TestBuild:
    def test_types_are_the_graphs_and_one_sample_is_what_it_is_tuned_for(
        self, trt: FakeTensorRt
    ) -> None:
        settings = BuildSettings(batch=8, workspace_bytes=1 << 20)
        told: list[tuple[float, str]] = []
        plan = build_plan(
            load_vendor('tensorrt'), ONNX, settings, lambda *share: told.append(share)
        )
        assert plan == b'plan' and trt.named('network') == [(1 << Kind.STRONGLY_TYPED,)]
        assert trt.named('clear') == [(Kind.TF32,)]
        assert trt.named('memory') == [(Kind.WORKSPACE, 1 << 20)]
        assert trt.named('shape') == [('image', [1, 3, 4, 4], [1, 3, 4, 4], [8, 3, 4, 4])]
        assert len(trt.named('profile')) == 1
        assert told == [(0.0, 'all'), (0.0, 'part'), (0.25, 'part')]
        assert settings.profile(SPEC) == 'image 1..8x3x4x4'

    def test_fixed_shapes_need_no_profile(self, trt: FakeTensorRt) -> None:
        trt.inputs = {'image': (1, 3, 4, 4)}
        build_plan(load_vendor('tensorrt'), ONNX, BuildSettings())
        assert trt.named('profile') == []

    def test_an_int8_table_of_a_look_up_becomes_float16(self, trt: FakeTensorRt) -> None:
        table = np.arange(-6, 6, dtype=np.int8)
        output = SimpleNamespace(name='table', dtype='int8')
        wired: list[str] = []
        trt.layers = [
            Layer(
                type=Kind.CONSTANT, get_output=lambda number: output, weights=table, shape=(3, 4)
            ),
            Layer(
                type=Kind.GATHER,
                get_input=lambda number: output,
                set_input=lambda number, tensor: wired.append(tensor.name),
            ),
            Layer(type=Kind.RELU, get_input=lambda number: output),
        ]
        build_plan(load_vendor('tensorrt'), ONNX, BuildSettings())
        ((shape, values),) = trt.named('constant')
        assert shape == (3, 4) and values.dtype == np.float16 and wired == ['wide']
        assert np.array_equal(values, table.reshape(3, 4))

    @pytest.mark.parametrize(
        ('fault', 'words'),
        [
            ({'parses': False}, 'Fold: no such operator'),
            ({'plan': None}, 'out of memory'),
            ({'has_gpu': False}, 'no CUDA-capable device'),
            ({'inputs': {'image': (-1, 3, -1, 4)}}, 'free batch axis'),
        ],
    )
    def test_what_tensorrt_said_is_in_the_error(
        self, trt: FakeTensorRt, fault: dict[str, object], words: str
    ) -> None:
        for name, value in fault.items():
            setattr(trt, name, value)
        with pytest.raises(EngineError, match=words):
            build_plan(load_vendor('tensorrt'), ONNX, BuildSettings(), lambda *told: None)

    def test_ctrl_c_ends_the_build_at_the_next_step(self, trt: FakeTensorRt) -> None:
        def interrupt(share: float, phase: str) -> None:
            if phase == 'part':
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            build_plan(load_vendor('tensorrt'), ONNX, BuildSettings(), interrupt)

    def test_kernels_that_were_measured_are_kept(self, trt: FakeTensorRt, tmp_path: Path) -> None:
        vendor = load_vendor('tensorrt')
        settings = settings_for(vendor, EngineCache(tmp_path), GPU)
        assert settings.workspace_bytes == 1 << 30 and settings.compute_capabilities == ()
        build_plan(vendor, ONNX, settings)
        build_plan(vendor, ONNX, settings)
        (kept,) = tmp_path.iterdir()
        assert kept.name == 'timings-tensorrt-10.3.0-Orin' and kept.read_bytes() == b'++'

    def test_it_builds_for_the_gpu_it_runs_on_alone(self, trt: FakeTensorRt) -> None:
        vendor = load_vendor('tensorrt')
        with pytest.raises(EngineError, match='a GPU, or the compute capabilities'):
            engine_key(vendor, SPEC, BuildSettings(), None)
        with pytest.raises(EngineError, match='builds for the GPU that it runs on'):
            build_plan(vendor, ONNX, BuildSettings(compute_capabilities=('8.9',)))
        key = engine_key(vendor, SPEC, BuildSettings(), GPU)
        assert (key.device, key.compute_capability) == ('Orin', '8.7')
        ahead = engine_key(vendor, SPEC, BuildSettings(compute_capabilities=('8.7',)), GPU)
        assert ahead.device == ANY_GPU and ahead.serves(key)


def test_progress_never_falls_and_ends_at_one() -> None:
    """The nesting is that of a real build: phases in a row within a step, one cut short."""
    told: list[float] = []
    phases = PhaseProgress(lambda share, phase: told.append(share))
    phases.start('building', None, 2)
    for name, steps in (('cloning', 3), ('fusing', 2)):
        phases.start(name, 'building', steps)
        for step in range(steps - 1):
            phases.step(name, step)
        phases.finish(name)
    phases.step('building', 0)
    phases.start('compiling', 'building', 0)
    phases.finish('compiling')
    phases.finish('building')
    assert told == sorted(told) and told[0] == 0 and told[-1] == 1
    assert told[1:5] == pytest.approx([0, 1 / 6, 2 / 6, 1 / 2])


class TestChain:
    def test_without_an_engine_the_next_backend_is_told_why(
        self, trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache
    ) -> None:
        """A node starts in seconds: what would take minutes is never built in its start."""
        with pytest.raises(
            EngineError, match=r'no engine of seeing/trunk\.onnx yet.*engines build'
        ):
            load_engine(ONNX, SPEC, ('tensorrt',))
        fill(cache, load_vendor('tensorrt'), cuda.Gpu('Thor', '11.0', 1 << 30, True))
        with pytest.raises(EngineError, match='GPU Thor -> Orin'):
            load_engine(ONNX, SPEC, ('tensorrt',))
        assert trt.named('build') == [] and trt.named('load') == []

    def test_every_missing_part_is_a_reason_to_fall_back(
        self, monkeypatch: pytest.MonkeyPatch, toy_model: tuple[Path, ModelSpec]
    ) -> None:
        monkeypatch.setitem(sys.modules, 'tensorrt', None)
        monkeypatch.setitem(sys.modules, 'tensorrt_rtx', None)
        load_vendor.cache_clear()
        engine, fallbacks = load_engine(*toy_model, ('tensorrt', 'tensorrt_rtx', 'onnxruntime'))
        assert engine.describe().backend == 'onnxruntime'
        assert [f.backend for f in fallbacks] == ['tensorrt', 'tensorrt_rtx']
        assert 'pip install tensorrt-rtx' in fallbacks[1].reason

    def test_no_gpu_is_a_reason_too(
        self, trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache
    ) -> None:
        cudart.fails['cudaGetDeviceProperties'] = 35
        with pytest.raises(EngineError, match=r'cudaGetDeviceProperties.*nvidia-smi'):
            load_engine(ONNX, SPEC, ('tensorrt',))


@pytest.fixture
def toy_model(tmp_path: Path) -> tuple[Path, ModelSpec]:
    from tests.toy import toy_bundle

    bundle = toy_bundle(tmp_path / 'toy')
    return bundle.model_path('sound_0'), bundle.manifest.models['sound_0']


@pytest.fixture
def engine(trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache) -> TensorRtEngine:
    fill(cache, load_vendor('tensorrt'))
    return TensorRtEngine(ONNX, SPEC)


class TestEngine:
    def test_a_sample_goes_in_and_out(
        self, engine: TensorRtEngine, trt: FakeTensorRt, cudart: FakeCuda
    ) -> None:
        out = engine.infer({'image': IMAGE})['features']
        assert np.array_equal(out, 2 * IMAGE)
        cudart.calls.clear()
        again = engine.infer({'image': IMAGE[..., ::-1]})['features']  # not contiguous
        assert np.array_equal(again, 2 * IMAGE[..., ::-1]) and np.array_equal(out, 2 * IMAGE)
        # Copies and the wait for them; nothing is allocated for a sample.
        assert cudart.calls == ['cudaMemcpyAsync', 'cudaMemcpyAsync', 'cudaStreamSynchronize']
        assert engine.describe().device == 'Orin' and engine.describe().backend == 'tensorrt'

    def test_once_warm_a_call_is_one_graph(
        self, engine: TensorRtEngine, trt: FakeTensorRt, cudart: FakeCuda
    ) -> None:
        engine.warm_up()
        engine.warm_up()
        assert cudart.calls.count('cudaGraphInstantiate') == 1
        cudart.calls.clear()
        engine.infer({'image': IMAGE})
        assert cudart.calls == ['cudaGraphLaunch', 'cudaStreamSynchronize']

    @pytest.mark.parametrize('fault', ['cudaStreamBeginCapture', 'cudaGraphInstantiate'])
    def test_what_cannot_be_captured_runs_as_it_is(
        self, engine: TensorRtEngine, cudart: FakeCuda, fault: str
    ) -> None:
        cudart.fails[fault] = 900
        engine.warm_up()
        assert np.array_equal(engine.infer({'image': IMAGE})['features'], 2 * IMAGE)
        assert 'cudaGraphLaunch' not in cudart.calls

    def test_closing_frees_everything_and_closing_twice_is_harmless(
        self, engine: TensorRtEngine, cudart: FakeCuda
    ) -> None:
        engine.warm_up()
        assert cudart.held and cudart.left == {'stream': 1}
        engine.close()
        engine.close()
        assert not cudart.held and cudart.left == {'stream': 0}
        assert cudart.calls.count('cudaGraphExecDestroy') == 1
        with pytest.raises(EngineError, match='open engine'):
            engine.infer({'image': IMAGE})

    @pytest.mark.parametrize(
        ('shape', 'words'), [((2, 3, 4, 4), 'at most'), ((1, 3, 4, 5), 'shape of input')]
    )
    def test_shapes_that_it_was_not_built_for(
        self, engine: TensorRtEngine, shape: tuple[int, ...], words: str
    ) -> None:
        with pytest.raises(EngineError, match=words):
            engine.infer({'image': np.zeros(shape, np.float32)})

    def test_a_gpu_that_fails_is_an_engine_error(
        self, engine: TensorRtEngine, trt: FakeTensorRt, cudart: FakeCuda
    ) -> None:
        trt.runs = False
        with pytest.raises(EngineError, match='TensorRT refused to run'):
            engine.infer({'image': IMAGE})
        trt.runs = True
        cudart.fails['cudaStreamSynchronize'] = 2
        with pytest.raises(EngineError, match=r'CUDA cudaStreamSynchronize.*out of memory'):
            engine.infer({'image': IMAGE})
        cudart.fails.clear()
        assert np.array_equal(engine.infer({'image': IMAGE})['features'], 2 * IMAGE)

    def test_an_engine_of_another_library_names_what_it_said(
        self, trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache
    ) -> None:
        fill(cache, load_vendor('tensorrt'))
        trt.loads = False
        with pytest.raises(EngineError, match='expecting library version'):
            TensorRtEngine(ONNX, SPEC)
        assert not cudart.held and cudart.left.get('stream', 0) == 0

    def test_half_opened_is_closed_again(
        self, trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache
    ) -> None:
        fill(cache, load_vendor('tensorrt'))
        cudart.fails['cudaMalloc'] = 2
        with pytest.raises(EngineError, match='cudaMalloc'):
            TensorRtEngine(ONNX, SPEC)
        assert not cudart.held and cudart.left == {'stream': 0}
