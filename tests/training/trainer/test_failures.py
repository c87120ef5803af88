# SPDX-License-Identifier: Apache-2.0
"""A failed run names the step, the part of the loss and the tensor, and spoils nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.trainer.toy_tasks import CONFIG, Regression, pairing_task
from xsense_ros.errors import InputError
from xsense_training.losses.info_nce import InfoNce
from xsense_training.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.trainer import train


def fails(task, folder, pattern, config=CONFIG):
    """The message, after making sure that the run can go on from what was saved before."""
    with pytest.raises(InputError, match=pattern) as caught:
        train(task, config, folder)
    state = torch.load(folder / 'checkpoint.pt', weights_only=True)
    assert all(torch.isfinite(value).all() for value in state['modules'].values())
    result = train(Regression(), config, folder)
    assert result.history[-1]['step'] == config.steps and math.isfinite(result.best['score'])
    return str(caught.value)


class TestNotFinite:
    @pytest.mark.parametrize('prefetch', [0, 2])
    def test_a_sample_is_named_by_tensor_and_row(self, tmp_path, prefetch):
        class Corrupt(Regression):
            def draw(self, generator):
                batch = super().draw(generator)
                self.drawn = getattr(self, 'drawn', 0) + 1
                if self.drawn == 13:
                    batch['x'][3, 1] = torch.nan
                return batch

        found = fails(
            Corrupt(), tmp_path,
            r'loss at step 12 \(part square; first not finite: batch.x, row 3 of the batch\)',
            replace(CONFIG, prefetch=prefetch),
        )  # fmt: skip
        assert 'got nan' in found and 'Cure: correct that sample' in found

    def test_a_weight_is_named(self, tmp_path):
        class Burnt(Regression):
            def draw(self, generator):
                self.drawn = getattr(self, 'drawn', 0) + 1
                if self.drawn == 8:
                    with torch.no_grad():
                        self.layer.bias[1] = torch.inf
                return super().draw(generator)

        found = fails(Burnt(), tmp_path, r'loss at step 7 .*: weight layer.bias\)')
        assert 'lower learning_rate' in found and 'the checkpoint in' in found

    def test_the_first_module_with_such_an_output_is_named(self, tmp_path):
        class Overflowing(Regression):
            def __init__(self):
                super().__init__()
                self.modules['layer'] = nn.Sequential(self.layer, Root(), nn.Identity())

            def loss(self, batch):
                loss = (self.modules['layer'](batch['x']) - batch['y']).square().mean()
                return loss, {'square': float(loss.detach())}

        class Root(nn.Module):
            def forward(self, x):
                return x.sqrt()  # of negative numbers too

        with pytest.raises(InputError, match=r'output of layer\.1 \(Root\)'):
            train(Overflowing(), CONFIG, tmp_path)

    def test_an_overflow_of_half_precision_is_found_in_half_precision(self, tmp_path):
        task = Regression()
        task.x = task.x * 1e6
        with pytest.raises(InputError, match=r"output of layer \(Linear\).*precision='float32'"):
            train(task, replace(CONFIG, precision='float16'), tmp_path)

    def test_the_part_of_the_loss_is_named(self, tmp_path):
        class TwoParts(Regression):
            def loss(self, batch):
                loss, parts = super().loss(batch)
                entropy = torch.log(loss * 0)
                return loss + entropy, {**parts, 'entropy': float(entropy.detach())}

        found = fails(TwoParts(), tmp_path, r'loss at step 0 \(part entropy; .*the loss itself\)')
        assert 'log(0)' in found and 'got -inf' in found

    def test_a_gradient_is_named_though_the_loss_is_finite(self, tmp_path):
        class Kink(Regression):
            def loss(self, batch):
                loss, parts = super().loss(batch)
                return loss + (self.layer.bias * 0).sum().sqrt(), parts

        found = fails(
            Kink(), tmp_path,
            r'gradient at step 0 \(not finite: 1 of 2 tensors, first layer.bias\): got nan',
        )  # fmt: skip
        assert 'sqrt(0)' in found

    def test_a_validation_without_data_is_named(self, tmp_path):
        class Empty(Regression):
            def validate(self):
                return {'score': float(np.float64('nan')) if self.seen else -9.0}

        found = fails(Empty(), tmp_path, r"validation 'score' at step 5: got nan")
        assert 'empty validation set' in found

    def test_a_score_must_be_there(self, tmp_path):
        task = Regression()
        task.validate = lambda: {'accuracy': 1.0}
        with pytest.raises(
            InputError, match=r"got \['accuracy'\], expected a value named 'score'"
        ):
            train(task, CONFIG, tmp_path)


class TestNothingThere:
    def test_a_batch_without_rows(self, tmp_path):
        with pytest.raises(InputError, match=r'batch\.x: got \(0, 5\), expected .*one row'):
            train(Regression(rows=0), CONFIG, tmp_path)

    def test_a_batch_without_tensors(self, tmp_path):
        task = Regression()
        task.draw = lambda generator: {}
        with pytest.raises(InputError, match="got 'dict', expected tensors"):
            train(task, CONFIG, tmp_path)


class TestPairs:
    def make(self, concepts=range(4), image=range(4), text=range(4), labels=4):
        def bank(owners):
            owners = np.array(owners, dtype=np.int64)
            return FeatureBank(np.zeros((len(owners), 1, 3), np.float32), rows_by_concept(owners))

        heads = {m: nn.Linear(3, 2) for m in ('image', 'text')}
        banks = {'image': bank(image), 'text': bank(text)}
        return PairingTask(
            heads, banks, concepts, InfoNce(), np.arange(labels), lambda: {'score': 0.0}
        )

    def test_complete_pairs_are_taken(self):
        assert len(self.make().draw(np.random.default_rng(0)).labels) == 4

    def test_a_missing_pair_is_named(self):
        with pytest.raises(
            InputError, match=r"without a sample of 'text' \(2 of 4\): got \[1, 3\]"
        ):
            self.make(text=[0, 2])

    def test_an_empty_class_is_named(self):
        task = self.make()
        task.banks['image'].of_concept[2] = np.array([], np.int64)
        with pytest.raises(
            InputError, match=r"sample of 'image' \(1 of 4\): got \[2\].*empty class"
        ):
            PairingTask(
                task.heads, task.banks, range(4), InfoNce(), np.arange(4), lambda: {'score': 0.0}
            )

    def test_no_concepts_at_all(self):
        with pytest.raises(InputError, match=r'concepts to train on: .*at least one'):
            self.make(concepts=[])

    def test_too_few_labels(self):
        with pytest.raises(InputError, match='labels: got 3, expected one a concept, up to 3'):
            self.make(labels=3)


def test_a_part_of_a_batch_is_the_batch_s_rows():
    """Concepts with and without tags take unequal amounts of random numbers."""
    from xsense_training.trainer import Part

    task = pairing_task()
    whole = task.draw(np.random.default_rng(3))
    generators = [np.random.default_rng(3) for _ in range(2)]
    parts = [task.draw_part(g, Part(rank, 2)) for rank, g in enumerate(generators)]
    for modality, features in whole.features.items():
        assert torch.equal(features, torch.cat([part.features[modality] for part in parts]))
    assert torch.equal(whole.labels, torch.cat([part.labels for part in parts]))
    assert generators[0].random() == generators[1].random()
