# SPDX-License-Identifier: Apache-2.0
"""The bundle of touches in models/; and that every shipped tower sees its own sense alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.press import Press
from xsense_training.evaluate.cost import count_parameters, load
from xsense_training.evaluate.document import read_metrics
from xsense_training.recipes.crossnet.judging import SHIPPED

MODELS = Path(__file__).parents[3] / 'models'
FOLDER = MODELS / 'touch-vision-sound'
SENSES = ('image', 'touch', 'impact')


def samples(seed: int) -> dict[str, object]:
    """One sample of every modality."""
    rng = np.random.default_rng(seed)
    paper = np.full((80, 80, 3), 255, np.uint8)
    paper[20:60, 20 : 30 + 15 * seed] = 0
    return {
        'image': rng.integers(0, 256, (60, 80, 3), dtype=np.uint8),
        'sketch': paper,
        'sound': Waveform(rng.uniform(-0.5, 0.5, 20000).astype(np.float32), 16000),
        'text': ('a red apple', 'a blue lorry', 'two cats')[seed],
        'touch': Press(rng.integers(1, 256, (240, 320, 3), dtype=np.uint8), 0.059),
        'impact': Waveform(rng.uniform(-0.5, 0.5, 16000).astype(np.float32), 16000),
    }


@pytest.mark.parametrize('name', [p.parent.name for p in sorted(MODELS.glob('*/manifest.json'))])
def test_a_vector_stays_bit_for_bit_whatever_other_senses_get(name: str) -> None:
    bundle = Bundle.open(MODELS / name)
    encoder = Encoder([bundle], threads=1)
    towers = {m: space for space, s in bundle.manifest.spaces.items() for m in s.towers}
    own = samples(0)
    for modality, space in towers.items():
        before = encoder.encode(modality, own[modality]).vectors[space]
        for seed in (1, 2):
            for other in towers:
                if other != modality:
                    encoder.encode(other, samples(seed)[other])
            after = encoder.encode(modality, own[modality]).vectors[space]
            assert np.array_equal(before, after)
        assert not np.array_equal(
            before, encoder.encode(modality, samples(1)[modality]).vectors[space]
        )
    encoder.close()


def test_a_tower_is_fed_its_own_sense_alone() -> None:
    bundle = Bundle.open(FOLDER)
    space = bundle.manifest.spaces['touch-vision-sound']
    first = {m: bundle.manifest.models[t.stages[0]].inputs for m, t in space.towers.items()}
    assert {m: [i.name for i in inputs] for m, inputs in first.items()} == {
        'image': ['image'],
        'touch': ['touch'],
        'impact': ['log_mel'],
    }


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 8e6
    assert count_parameters(load(FOLDER / 'touch.onnx')) < 1e6


def test_pairs_are_calibrated_but_for_pictures_among_themselves() -> None:
    pairs = {f'{a}->{b}' for a in SENSES for b in SENSES} - {'image->image'}
    calibration = Bundle.open(FOLDER).manifest.spaces['touch-vision-sound'].calibration
    assert set(calibration) == pairs


def test_metrics_tell_the_protocols_apart() -> None:
    summary = read_metrics(FOLDER / 'metrics.json')
    for protocol in ('unseen objects', 'same objects'):
        asked = {s.direction for s in summary.sizes if s.split == protocol}
        assert asked == {f'{a}->{b}' for a in SENSES for b in SENSES}
        methods = {r.method for r in summary.rows if r.split == protocol}
        assert {'chance', 'CCA', 'PLSCA', 'DSCMR', 'DAR', SHIPPED} <= methods


def test_an_unseen_sensor_costs_at_most_a_tenth_with_its_background() -> None:
    rows = {
        (r.split, r.method): r.mean
        for r in read_metrics(FOLDER / 'metrics.json').rows
        if r.metric == 'mAP' and r.direction == 'touch->image'
    }
    known = rows['unseen objects, known sensor units', SHIPPED]
    assert rows['unseen objects, unseen sensor units', SHIPPED] > 0.9 * known
