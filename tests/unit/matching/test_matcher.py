# SPDX-License-Identifier: Apache-2.0
"""A matcher of a bundle: what it finds, what it says of itself, what it refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import onnx
import pytest

from tests.toy import toy_bundle
from tests.toy_matcher import PAIR, SEARCH, TEMPLATE, toy_matcher_bundle, toy_scene
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, describe_model, write_bundle
from xsense_ros.errors import BundleError, EngineError, InputError
from xsense_ros.matching.boxes import overlap
from xsense_ros.matching.geometry import search_around, square_around
from xsense_ros.matching.matcher import Matcher

VISIBLE, INFRARED = toy_scene(1)
BOX = [280, 190, 64, 64]
SQUARE = square_around(BOX, TEMPLATE)


def crop_at(right=0.0, down=0.0):
    x, y = SQUARE.centre
    return search_around((x + right, y + down), SQUARE.side, SEARCH, 3.0)


@pytest.mark.parametrize(('right', 'down'), [(0, 0), (40, -25), (-50, 44)])
def test_finds_the_template_wherever_the_search_is(matcher, right, down):
    kept = matcher.encode(SQUARE.cut(VISIBLE))
    assert kept.milliseconds > 0
    crop = crop_at(right, down)
    answer = matcher.find(crop.cut(INFRARED), kept)
    assert overlap(crop.boxes_to_frame(answer.box), BOX) > 0.85
    assert answer.probability > 0.9
    elsewhere = matcher.find(crop.cut(toy_scene(2)[1]), kept)
    assert elsewhere.probability < 0.5
    assert elsewhere.presence < answer.presence


def test_probability_is_the_calibrated_presence(matcher, toy_folder):
    spec = Bundle.open(toy_folder).manifest.matchers[PAIR].presence
    answer = matcher.find(crop_at().cut(INFRARED), matcher.encode(SQUARE.cut(VISIBLE)))
    logit = spec.slope * answer.presence + spec.intercept
    assert answer.probability == pytest.approx(1 / (1 + math.exp(-logit)))
    # Among n places the odds are n times lower.
    among = matcher.probability(answer.presence, 30)
    assert among / (1 - among) == pytest.approx(math.exp(logit) / 30)
    assert matcher.probability(1e9) == pytest.approx(1)
    assert matcher.probability(-1e9) == pytest.approx(0)


def test_says_what_it_is(matcher):
    assert (matcher.label, matcher.pair) == ('toy-matcher 0.0.1', PAIR)
    assert (matcher.template_size, matcher.search_size, matcher.window) == (TEMPLATE, SEARCH, 3.0)
    assert matcher.min_probability == 0.5
    assert [d.model for d in matcher.describe()] == ['template.onnx', 'search.onnx']
    assert matcher.fallbacks == ()
    matcher.warm_up()


def test_loads_by_name_with_a_fallback_and_closes(toy_folder, monkeypatch):
    monkeypatch.setenv('XSENSE_BUNDLE_PATH', str(toy_folder.parent))
    loaded = Matcher.load('toy-matcher', ['tensorrt', 'onnxruntime'], pair=PAIR, threads=1)
    assert {fallback.backend for fallback in loaded.fallbacks} <= {'tensorrt'}
    loaded.close()
    loaded.close()
    with pytest.raises(EngineError):
        loaded.encode(SQUARE.cut(VISIBLE))


def test_what_cannot_be_loaded(toy_folder, tmp_path):
    with pytest.raises(BundleError, match='smell'):
        Matcher.load(toy_folder, pair='smell->infrared')
    with pytest.raises(BundleError, match='no-such'):
        Matcher.load('no-such')
    with pytest.raises(BundleError, match='retrieval node'):
        Matcher.load(toy_bundle(tmp_path / 'towers'))
    with pytest.raises(EngineError, match='warp'):
        Matcher.load(toy_folder, ['warp'])


def test_a_retrieval_node_says_what_such_a_bundle_is_for(toy_folder):
    with pytest.raises(BundleError, match='xsense match'):
        Encoder([Bundle.open(toy_folder)])


def test_what_cannot_be_searched(matcher):
    kept = matcher.encode(SQUARE.cut(VISIBLE))
    for wrong in (INFRARED, VISIBLE, np.full((SEARCH, SEARCH), 7, np.uint16)):
        with pytest.raises(InputError):
            matcher.find(wrong, kept)
    with pytest.raises(InputError, match='template contrast'):
        matcher.encode(np.full((TEMPLATE, TEMPLATE, 3), 90, np.uint8))


def test_without_a_presence_the_best_cell_decides(tmp_path):
    bundle = toy_matcher_bundle(tmp_path / 'toy')
    path = bundle.path / 'search.onnx'
    model = onnx.load(path)
    del model.graph.output[2]
    onnx.save(model, path)
    manifest = bundle.manifest
    models = {**manifest.models, 'search': describe_model(bundle.path, 'search.onnx')}
    loaded = Matcher.load(write_bundle(bundle.path, replace(manifest, models=models)), threads=1)
    answer = loaded.find(crop_at().cut(INFRARED), loaded.encode(SQUARE.cut(VISIBLE)))
    assert answer.presence == pytest.approx(math.log(answer.score / (1 - answer.score)), rel=1e-3)
