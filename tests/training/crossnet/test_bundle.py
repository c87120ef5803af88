# SPDX-License-Identifier: Apache-2.0
"""The bundle of touches in models/: its size, its calibrations and what its metrics say."""

from __future__ import annotations

from pathlib import Path

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.cost import count_parameters, load
from xsense_training.evaluate.document import read_metrics
from xsense_training.recipes.crossnet.judging import SHIPPED

MODELS = Path(__file__).parents[3] / 'models'
FOLDER = MODELS / 'touch-vision-sound'
SENSES = ('image', 'touch', 'impact')


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
