# SPDX-License-Identifier: Apache-2.0
"""The matcher in models/: small, the same with its template kept, and as good as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from xsense_ros.engines.bundle import Bundle
from xsense_ros.matching.decode import best_box
from xsense_ros.names import MATCHER_BUNDLE
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput
from xsense_training.data.landsat import FILE
from xsense_training.data.root import data_root
from xsense_training.evaluate.brief import brief
from xsense_training.evaluate.document import read_metrics
from xsense_training.evaluate.match_table import constant_box_table
from xsense_training.evaluate.table import markdown
from xsense_training.recipes.hetero.judging import judge_matchers
from xsense_training.recipes.hetero.questions import Question, ask

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / 'models' / MATCHER_BUNDLE


@pytest.fixture(scope='module')
def engines():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return [
        onnxruntime.InferenceSession(str(FOLDER / file), options, ['CPUExecutionProvider'])
        for file in ('template.onnx', 'search.onnx')
    ]


def encode(engines, template):
    names = [output.name for output in engines[0].get_outputs()]
    return dict(zip(names, engines[0].run(None, {'template': template}), strict=True))


def find(engines, search, kept):
    return engines[1].run(['logits', 'boxes', 'presence'], {'search': search, **kept})


def test_it_is_small_and_opens():
    assert sum(file.stat().st_size for file in FOLDER.glob('*.onnx')) < 1.5e6
    (matcher,) = Bundle.open(FOLDER).manifest.matchers.values()
    assert matcher.window == 3 and 0 < matcher.presence.min_probability < 1


def test_a_kept_template_is_as_good_as_a_new_one(engines):
    """Frames of several templates in turn: kept once, or encoded anew with every frame."""
    rng = np.random.default_rng(0)
    templates = rng.random((2, 1, 3, 64, 64), np.float32)
    frames = rng.random((3, 1, 3, 192, 192), np.float32)
    kept = [encode(engines, template) for template in templates]
    for frame in frames:
        for template, own in zip(templates, kept, strict=True):
            cached, anew = (
                find(engines, frame, own),
                find(engines, frame, encode(engines, template)),
            )
            for a, b in zip(cached, anew, strict=True):
                assert np.abs(a - b).max() <= 1e-5
    one, other = (find(engines, frames[0], own)[0] for own in kept)
    assert np.abs(one - other).max() > 1e-3  # the template matters


def test_it_finds_what_it_says(engines):
    if not (data_root() / FILE).exists():
        pytest.skip('landsat is not fetched: xsense-train data fetch landsat')

    def locate(template, view):
        kept = encode(engines, TemplateInput(64)(template)['template'])
        logits, boxes, presence = find(engines, SearchInput(192)(view)['search'], kept)
        return best_box(logits[0], boxes[0], 192).box, float(presence[0])

    asked = ask(Question('landsat:thermal', 'shifted', 40, 20), None)
    (found,) = judge_matchers(asked.pairs, asked.searches, {'': locate}).values()
    assert found.value('hit@5px') >= 0.8 and found.value('P0.5') >= 0.8


@pytest.mark.parametrize(
    ('page', 'draw'),
    [
        ('README.md', brief),
        ('docs/matching.md', brief),
        ('docs/results.md', markdown),
        ('docs/honest-benchmarks.md', constant_box_table),
    ],
)
def test_pages_say_what_the_metrics_say(page, draw):
    summary = read_metrics(FOLDER / 'metrics.json')
    if not summary.rows:
        pytest.skip('judge first: xsense-train evaluate hetero')
    assert draw(summary).strip() in (ROOT / page).read_text(), 'draw it: make results'
