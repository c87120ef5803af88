# SPDX-License-Identifier: Apache-2.0
"""The bundle in models/: opens, embeds each modality alone, and says how good it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.senses.microphone import Waveform
from xsense_training.evaluate.document import read_metrics

FOLDER = Path(__file__).parents[2] / 'models' / 'image-sound-text'


@pytest.fixture(scope='module')
def encoder():
    made = Encoder([Bundle.open(FOLDER)], threads=1)
    yield made
    made.close()


def vector(encoder, modality, sample):
    return encoder.encode(modality, sample).vectors['image-sound-text']


def test_whole_bundle_and_trunk_are_under_24_mb():
    files = [*FOLDER.iterdir(), *(FOLDER.parent / 'trunks').glob('efficientnet-lite0.onnx')]
    assert sum(file.stat().st_size for file in files) < 24e6


def test_every_modality_gives_a_unit_vector_of_one_space(encoder):
    rng = np.random.default_rng(0)
    samples = {
        'image': rng.integers(0, 256, (60, 80, 3), dtype=np.uint8),
        'sound': Waveform(rng.uniform(-0.5, 0.5, 20000).astype(np.float32), 16000),
        'text': 'a red apple',
    }
    before = {m: vector(encoder, m, s) for m, s in samples.items()}
    assert len({v.shape for v in before.values()}) == 1
    assert all(abs(np.linalg.norm(v) - 1) < 1e-4 for v in before.values())
    # A vector is a function of its own sample: asking the others in between changes nothing.
    after = {m: vector(encoder, m, s) for m, s in reversed(samples.items())}
    assert all(np.array_equal(before[m], after[m]) for m in samples)


def test_words_of_a_kind_are_closer_than_others(encoder):
    cat, dog, lorry = (vector(encoder, 'text', t) for t in ('cat', 'dog', 'lorry'))
    assert cat @ dog > cat @ lorry


def test_word_order_and_case_do_not_matter(encoder):
    a, b = vector(encoder, 'text', 'Red Apple'), vector(encoder, 'text', 'red apple')
    assert np.allclose(a, b, atol=1e-6)


def test_metrics_travel_with_the_bundle():
    assert json.loads((FOLDER / 'metrics.json').read_text())['folds'] == [0, 1, 2, 3, 4]
    summary = read_metrics(FOLDER / 'metrics.json')
    rows = {
        (r.dataset, r.direction, r.kind): r
        for r in summary.rows
        if (r.split, r.metric) == ('unseen things', 'MRR')
    }
    for asked in (
        ('tuxpaint', 'image->text'),
        ('tuxpaint', 'text->image'),
        ('emoji', 'text->image'),
    ):
        assert rows[(*asked, 'production')].ci_low > 3 * rows[(*asked, 'chance')].mean
    assert {c.modality for c in summary.costs} == {'image', 'sound', 'text'}
    card = (FOLDER / 'MODEL_CARD.md').read_text()
    assert 'make reproduce-see-hear-read' in card and 'Fold 0 was never seen' in card
    assert '--models models' in card and 'prior knowledge' in card


def test_all_ordered_pairs_are_calibrated():
    manifest = Bundle.open(FOLDER).manifest
    pairs = {f'{a}->{b}' for a in ('image', 'sound', 'text') for b in ('image', 'sound', 'text')}
    space = manifest.spaces['image-sound-text']
    assert set(space.calibration) == pairs
    assert all(
        c.min_probability >= 0.5 and c.min_margin >= 0.02 for c in space.calibration.values()
    )
    assert space.dimension <= 768
    assert manifest.evaluation['selection']['held_out_fold'] == 0
