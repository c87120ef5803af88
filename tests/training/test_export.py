# SPDX-License-Identifier: Apache-2.0
"""Export of real (small) towers: numbers, storage, calibration and the swapped-in bundle."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from torch import nn

from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.manifest import Calibration
from xsense_ros.senses.microphone import Waveform
from xsense_training.export.bundle_export import BundlePlan, Stage, export_bundle
from xsense_training.export.calibration import TopMatches, fit_calibration, sample_top_matches
from xsense_training.export.half_storage import store_half
from xsense_training.export.onnx_export import NumericGateError, cosine_drift, export_onnx, run
from xsense_training.models.heads import LinearHead, ResidualHead
from xsense_training.models.sound_tower import LogMelStatistics, SoundTower, SoundTrunk
from xsense_training.models.text_tower import TextTower, TokenMean

RNG = np.random.default_rng(0)


@pytest.fixture(scope='module')
def text_tower():
    table = RNG.standard_normal((300, 32)).astype(np.float32)
    return TextTower(TokenMean(table, np.ones(300, np.float32)), ResidualHead(32, 16, 24))


@pytest.fixture(scope='module')
def words():
    return {'ids': torch.randint(0, 300, (5, 8)), 'mask': torch.ones(5, 8)}


@pytest.fixture(scope='module')
def exported(text_tower, words, tmp_path_factory):
    path = tmp_path_factory.mktemp('export') / 'text.onnx'
    return path, export_onnx(text_tower, words, 'vector', path)


def test_the_file_computes_what_torch_computes(exported, text_tower, words):
    path, report = exported
    assert report.error < 1e-5 and report.bytes == path.stat().st_size
    with torch.no_grad():
        expected = text_tower(*words.values()).numpy()
    for rows in (1, 2, 5):
        found = run(onnx.load(path), words, rows)
        assert cosine_drift(expected[:rows], found) < 1e-3


def test_tables_are_stored_as_int8_and_weights_as_half(exported):
    path, report = exported
    types = {i.name: i.data_type for i in onnx.load(path).graph.initializer}
    assert onnx.TensorProto.INT8 in types.values()
    assert 0 < report.half_drift < 1e-3
    assert path.stat().st_size < 300 * 32 * 4  # the fp32 table alone would be larger


def test_no_build_machine_is_named_in_the_file(exported):
    assert b'site-packages' not in exported[0].read_bytes()


def test_half_storage_refuses_what_half_cannot_hold():
    huge = numpy_helper.from_array(np.full((64, 64), 1e6, np.float32), 'weight')
    product = helper.make_node('MatMul', ['x', 'weight'], ['y'])
    x, y = (helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [3, 64]) for n in 'xy')
    with pytest.raises(ValueError, match='no fp16'):
        store_half(helper.make_model(helper.make_graph([product], 'huge', [x], [y], [huge])))


def test_the_gate_refuses_other_numbers(tmp_path, monkeypatch):
    from xsense_training.export import onnx_export

    monkeypatch.setattr(onnx_export, 'run', lambda m, i, rows: np.ones((rows, 16), np.float32))
    with pytest.raises(NumericGateError, match='differs'):
        export_onnx(nn.Linear(4, 16), {'x': torch.ones(3, 4)}, 'vector', tmp_path / 'bad.onnx')
    assert not (tmp_path / 'bad.onnx').exists()


@pytest.fixture(scope='module')
def plan():
    statistics = LogMelStatistics()
    head = LinearHead(RNG.standard_normal((8, statistics.features)), np.zeros(8))
    windows = {'log_mel': torch.randn(3, 1, 100, 64)}
    calibration = {'sound->sound': Calibration(10.0, -5.0, 0.5, 0.1)}
    return BundlePlan(
        'tiny', '0.1', 'Apache-2.0', 'A sound tower.', 'hearing', 8,
        [Stage('sound', SoundTower(SoundTrunk(statistics, None), head), windows, 'vector')],
        {'sound': ('sound', {'seconds': 1.0}, ('sound',))},
        calibration,
        notes={'MODEL_CARD.md': '# tiny\n'},
    )  # fmt: skip


@pytest.fixture(scope='module')
def models(plan, tmp_path_factory):
    """Folder of bundles that holds the first version."""
    folder = tmp_path_factory.mktemp('models')
    export_bundle(plan, folder)
    return folder


def test_the_robot_opens_and_runs_the_bundle(plan, models):
    bundle = Bundle.open(models / 'tiny')
    assert Bundle.open(models / 'tiny').manifest.evaluation['export']['sound']['bytes'] > 0
    sound = Waveform(RNG.uniform(-0.5, 0.5, 16000).astype(np.float32), 16000)
    vector = Encoder([bundle], threads=1).encode('sound', sound).vectors['hearing']
    window = torch.from_numpy(bundle.preprocessors['sound'](sound)['log_mel'])
    with torch.no_grad():
        expected = plan.stages[0].module(window).numpy()[0]
    assert float(vector @ expected) == pytest.approx(1, abs=1e-4)


class BandMeans(nn.Module):
    """The smallest tower of eight numbers: quick to export."""

    def __init__(self):
        super().__init__()
        self.head = LinearHead(RNG.standard_normal((8, 64)), np.zeros(8))

    def forward(self, log_mel):
        return self.head(log_mel.mean(dim=(1, 2)))


def test_an_export_replaces_the_bundle_whole_or_not_at_all(plan, models, tmp_path):
    shutil.copytree(models, tmp_path, dirs_exist_ok=True)
    light = replace(plan.stages[0], module=BandMeans())
    plan = replace(plan, stages=[light])
    # A second export replaces the first as a whole and leaves nothing beside it.
    export_bundle(replace(plan, version='0.2'), tmp_path)
    assert Bundle.open(tmp_path / 'tiny').manifest.version == '0.2'
    before = (tmp_path / 'tiny' / 'manifest.json').read_bytes()
    with pytest.raises(Exception, match='dimension'):
        export_bundle(replace(plan, dimension=9), tmp_path)
    assert (tmp_path / 'tiny' / 'manifest.json').read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ['tiny']


class TestCalibration:
    def test_recovers_the_curve_that_made_the_data(self):
        cosine = RNG.uniform(0, 1, 4000)
        correct = RNG.random(4000) < 1 / (1 + np.exp(-(12 * cosine - 6)))
        matches = TopMatches(cosine, cosine - 0.1, correct)
        found, summary = fit_calibration(matches, precision=0.8)
        assert found.slope == pytest.approx(12, rel=0.15)
        assert found.intercept == pytest.approx(-6, rel=0.15)
        assert summary['precision'] >= 0.8
        assert found.min_probability >= 0.5 and found.min_margin >= 0.02

    def test_thresholds_accept_what_they_promise(self):
        best, second = RNG.uniform(0, 1, 800), RNG.uniform(0, 0.1, 800)
        correct = RNG.random(800) < best
        found, summary = fit_calibration(TopMatches(best, second, correct), precision=0.9)
        p = 1 / (1 + np.exp(-(found.slope * best + found.intercept)))
        q = 1 / (1 + np.exp(-(found.slope * second + found.intercept)))
        accepted = (p >= found.min_probability) & (p - q >= found.min_margin)
        assert correct[accepted].mean() == pytest.approx(summary['precision'], abs=0.02)
        assert correct[accepted].mean() >= 0.88

    def test_a_tower_that_knows_nothing_is_never_accepted(self):
        cosine = RNG.uniform(0, 1, 300)
        blind = TopMatches(cosine, cosine - 0.01, RNG.random(300) < 0.1)
        found, summary = fit_calibration(blind, min_accepted=30)
        assert found.min_probability == 1 and summary['accepted'] == 0

    def test_half_of_the_galleries_lack_the_item(self):
        similarity = np.eye(50) * 0.9 + 0.05
        found = sample_top_matches(similarity, np.eye(50, dtype=bool), draws=20)
        assert found.correct.mean() == pytest.approx(0.5, abs=0.05)
        assert np.all(found.best >= found.second)

    def test_queries_that_nothing_answers_are_never_right(self):
        nothing = np.zeros((10, 50), dtype=bool)
        found = sample_top_matches(RNG.random((10, 50)), nothing, draws=2)
        assert len(found.best) == 20 and not found.correct.any()
