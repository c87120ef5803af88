# SPDX-License-Identifier: Apache-2.0
"""Accumulation, precision, layout, averaged weights, early stop, pictures, curves, throughput."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
import torch
from torch import nn

from tests.training.trainer.toy_tasks import CONFIG, Regression, pairing_task
from xsense_training.trainer import train
from xsense_training.training_loop.draws import Draws

matplotlib.use('Agg')
from matplotlib import pyplot as plt


def checkpoint(folder):
    return torch.load(folder / 'checkpoint.pt', weights_only=True)


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


class TestAccumulation:
    def test_two_halves_equal_the_whole_batch(self, tmp_path):
        whole, halves = Regression(rows=8), Regression(rows=4)
        one = train(whole, CONFIG, tmp_path / 'one')
        two = train(halves, replace(CONFIG, accumulate=2), tmp_path / 'two')
        # The same rows in the same order, or the comparison would show nothing.
        assert torch.equal(
            whole.seen[0]['x'], torch.cat([halves.seen[0]['x'], halves.seen[1]['x']])
        )
        for a, b in zip(one.history, two.history, strict=True):
            assert a == pytest.approx(b, rel=1e-5)
        assert torch.allclose(whole.layer.weight, halves.layer.weight, atol=1e-6)


class TestPrecision:
    @pytest.mark.parametrize('precision', ['bfloat16', 'float16'])
    def test_half_precision_learns_nearly_as_float32(self, tmp_path, precision):
        dtypes = set()
        task = Regression()
        task.layer.register_forward_hook(
            lambda module, x, out: dtypes.add(out.dtype) if module.training else None
        )
        config = replace(CONFIG, steps=100, learning_rate=0.05, precision=precision)
        result = train(task, config, tmp_path / 'low')
        exact = train(Regression(), replace(config, precision='float32'), tmp_path / 'exact')
        assert dtypes == {getattr(torch, precision)}
        assert all(p.dtype == torch.float32 for p in task.modules.parameters())
        start = result.history[0]['val_score']
        assert result.best['score'] > 0.1 * start  # both are negative: a tenth of the error
        assert result.best['score'] == pytest.approx(exact.best['score'], abs=0.02 * -start)

    def test_an_overflow_of_float16_is_left_out_not_fatal(self, tmp_path):
        task = Regression()
        task.y = task.y * 100  # squares and the scale of 65536 leave the range of float16
        task.x = task.x * 100
        config = replace(CONFIG, steps=60, precision='float16')
        train(task, config, tmp_path)
        assert checkpoint(tmp_path)['scaler']['scale'] < 65536
        assert torch.isfinite(task.layer.weight).all()

    def test_another_precision_is_refused(self):
        from xsense_training.config import override

        with pytest.raises(ValueError, match='float16'):
            override(CONFIG, [('precision', 'float8')])


class Pictures:
    """A convolution that tells bright pictures from dark ones."""

    def __init__(self):
        torch.manual_seed(0)
        self.modules = nn.ModuleDict({'conv': nn.Conv2d(3, 4, 3), 'guess': nn.Linear(4, 1)})
        self.layouts = set()

    def draw(self, generator):
        label = torch.from_numpy(generator.integers(0, 2, 6).astype(np.float32))
        noise = torch.from_numpy(generator.standard_normal((6, 3, 8, 8)).astype(np.float32))
        return noise + label[:, None, None, None], label

    def loss(self, batch):
        x, label = batch
        self.layouts.add(x.is_contiguous(memory_format=torch.channels_last))
        guess = self.modules['guess'](self.modules['conv'](x).mean(dim=(2, 3)))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(guess, label)
        return loss, {'entropy': float(loss.detach())}

    def validate(self):
        loss, _ = self.loss(self.draw(np.random.default_rng(9)))
        return {'score': -float(loss)}


def test_channels_last_reaches_pictures_and_convolutions_and_changes_no_result(tmp_path):
    plain, last = Pictures(), Pictures()
    a = train(plain, CONFIG, tmp_path / 'plain')
    b = train(last, replace(CONFIG, channels_last=True), tmp_path / 'last')
    assert plain.layouts == {False}
    assert last.layouts == {True, False}  # False: validation, which draws for itself
    assert last.modules['conv'].weight.is_contiguous(memory_format=torch.channels_last)
    for x, y in zip(a.history, b.history, strict=True):
        assert x == pytest.approx(y, rel=1e-4)


class TestAverage:
    def test_it_is_the_average_of_the_weights_after_every_step(self, tmp_path):
        class Recorded(Regression):
            """Notes the weights before each step."""

            def draw(self, generator):
                trail.append(self.layer.weight.detach().clone())
                return super().draw(generator)

        trail = []
        config = replace(CONFIG, ema=0.8, learning_rate=0.05)
        train(Recorded(), config, tmp_path)
        trail.append(checkpoint(tmp_path)['modules']['layer.weight'])
        expected = trail[1]
        for weight in trail[2:]:
            expected = 0.8 * expected + 0.2 * weight
        found = checkpoint(tmp_path)['average']['module.layer.weight']
        assert torch.allclose(found, expected, atol=1e-6)
        assert not torch.allclose(found, trail[-1], atol=1e-3)

    def test_the_average_is_what_is_validated_and_kept(self, tmp_path):
        task = Regression()
        result = train(task, replace(CONFIG, ema=0.8, learning_rate=0.05), tmp_path)
        assert result.best_step == CONFIG.steps  # still falling: the last one is the best
        kept = torch.load(tmp_path / 'best.pt', weights_only=True)
        average = checkpoint(tmp_path)['average']
        assert same(kept, {k[7:]: v for k, v in average.items() if k.startswith('module.')})
        assert same(kept, task.modules.state_dict())
        assert task.validate()['score'] == pytest.approx(result.best['score'])

    def test_it_does_not_touch_the_training(self, tmp_path):
        for name, ema in (('with', 0.9), ('without', 0.0)):
            train(pairing_task(), replace(CONFIG, ema=ema), tmp_path / name)
        assert same(
            checkpoint(tmp_path / 'with')['modules'], checkpoint(tmp_path / 'without')['modules']
        )


class TestEarlyStop:
    class Falling(Regression):
        """Validation rises for two times, then falls, whatever training does."""

        def __init__(self):
            super().__init__()
            self.scores = iter([0, 1, 2, 1, 1.5, 1, 3, 4])

        def validate(self):
            return {'score': next(self.scores)}

    def test_it_ends_after_that_many_validations_and_keeps_the_best(self, tmp_path):
        result = train(self.Falling(), replace(CONFIG, patience=3), tmp_path)
        assert [row['step'] for row in result.history] == [0, 5, 10, 15, 20, 25]
        assert result.best_step == 10 and result.best['score'] == 2

    def test_a_stopped_run_stays_stopped(self, tmp_path):
        config = replace(CONFIG, patience=3)
        first = train(self.Falling(), config, tmp_path)
        again = train(self.Falling(), config, tmp_path)
        assert first == again

    def test_without_patience_it_runs_to_the_end(self, tmp_path):
        assert train(self.Falling(), CONFIG, tmp_path).best_step == 30


class TestRunFolder:
    def test_tensorboard_holds_curves_and_pictures(self, tmp_path):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        def draw(path):
            figure, axis = plt.subplots(figsize=(1, 1))
            axis.imshow(np.eye(3))
            figure.savefig(path)
            plt.close(figure)

        config = replace(CONFIG, tensorboard=True)
        result = train(Regression(), config, tmp_path, pictures={'confusion': draw})
        assert (tmp_path / 'confusion.png').stat().st_size > 0
        events = EventAccumulator(str(tmp_path / 'tensorboard')).Reload()
        scores = events.Scalars('validation/score')
        assert [event.step for event in scores] == [row['step'] for row in result.history]
        assert scores[-1].value == pytest.approx(result.history[-1]['val_score'], rel=1e-5)
        assert {'training/loss', 'training/square', 'training/learning_rate'} <= set(
            events.Tags()['scalars']
        )
        assert set(events.Tags()['images']) == {'confusion', 'curves'}

    def test_pictures_show_the_kept_weights(self, tmp_path):
        task, shown = TestEarlyStop.Falling(), {}

        def draw(path):
            shown['training'] = task.layer.training
            shown['weight'] = task.layer.weight.clone()

        train(task, CONFIG, tmp_path, pictures={'nothing': draw})
        best = torch.load(tmp_path / 'best.pt', weights_only=True)
        assert torch.equal(shown['weight'], best['layer.weight']) and not shown['training']

    def test_without_tensorboard_installed_the_cure_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)
        with pytest.raises(ValueError, match='pip install tensorboard'):
            train(Regression(), replace(CONFIG, tensorboard=True), tmp_path)

    @pytest.mark.parametrize('prefetch', [0, 2])
    def test_throughput_counts_every_sample_once(self, tmp_path, prefetch):
        config = replace(CONFIG, accumulate=2, prefetch=prefetch)
        train(Regression(rows=8), config, tmp_path)
        found = json.loads((tmp_path / 'throughput.json').read_text())
        assert found['samples'] == 30 * 2 * 8
        assert found['loader samples/s'] > 0 and found['step samples/s'] > 0
        expected = found['loader samples/s'] / found['step samples/s']
        assert found['ratio'] == pytest.approx(expected)


class TestDraws:
    def test_drawing_ahead_gives_the_same_batches_and_states(self):
        def draw(generator):
            return generator.random(3)

        now = Draws(draw, np.random.default_rng(5))
        ahead = Draws(draw, np.random.default_rng(5), ahead=3)
        for _ in range(6):
            a, b = now.next(), ahead.next()
            assert np.array_equal(a.batch, b.batch) and a.state == b.state
        ahead.close()

    def test_the_generator_has_run_ahead_and_the_state_has_not(self):
        generator = np.random.default_rng(5)
        draws = Draws(lambda g: g.random(), generator, ahead=3)
        state = draws.next().state
        draws.close()
        generator.bit_generator.state = state
        fresh = np.random.default_rng(5)
        fresh.random()
        assert generator.random() == fresh.random()

    def test_what_the_thread_raises_arrives(self):
        draws = Draws(lambda g: 1 / 0, np.random.default_rng(0), ahead=2)
        with pytest.raises(ZeroDivisionError):
            draws.next()
        draws.close()
