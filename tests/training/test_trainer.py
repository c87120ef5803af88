# SPDX-License-Identifier: Apache-2.0
"""The loop: learns, keeps the best, fills the run folder, follows its schedule."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.training.trainer.toy_tasks import CONFIG, pairing_task
from xsense_training.config import load
from xsense_training.losses.info_nce import InfoNce
from xsense_training.pairing_task import PairingTask
from xsense_training.trainer import TrainConfig, learning_rate, train


def test_it_learns_and_keeps_the_best(tmp_path):
    task = pairing_task()
    result = train(task, TrainConfig(steps=200, validate_every=50, warmup=5), tmp_path)
    assert result.best['score'] > result.history[0]['val_score'] + 0.2
    assert task.validate()['score'] == result.best['score']
    assert result.history[-1]['loss'] < result.history[1]['loss']
    names = ('config.json', 'environment.json', 'history.json', 'throughput.json', 'best.pt')
    for name in (*names, 'curves.png'):
        assert (tmp_path / name).stat().st_size > 0
    assert json.loads((tmp_path / 'history.json').read_text()) == result.history


def test_a_reloaded_checkpoint_gives_the_same_vectors(tmp_path):
    task = pairing_task()
    train(task, CONFIG, tmp_path)
    fresh = pairing_task()
    fresh.modules.load_state_dict(torch.load(tmp_path / 'best.pt', weights_only=True))
    x = torch.randn(5, 10)
    task.modules.eval(), fresh.modules.eval()
    assert torch.equal(task.heads['image'](x), fresh.heads['image'](x))


def test_another_configuration_is_refused_and_names_the_field(tmp_path):
    train(pairing_task(), CONFIG, tmp_path)
    assert load(TrainConfig, tmp_path) == CONFIG
    with pytest.raises(ValueError, match=r"'steps': 30.*steps=1000.*another configuration"):
        train(pairing_task(), TrainConfig(tensorboard=False), tmp_path)


def test_a_folder_from_before_a_field_existed_still_resumes(tmp_path):
    train(pairing_task(), CONFIG, tmp_path)
    path = tmp_path / 'config.json'
    older = json.loads(path.read_text())
    del older['accumulate']
    path.write_text(json.dumps(older))
    train(pairing_task(), CONFIG, tmp_path)


@pytest.mark.parametrize(
    ('name', 'value'), [('accumulate', 0), ('validate_every', 0), ('ema', 1.0), ('patience', -1)]
)
def test_numbers_no_run_can_have_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        TrainConfig(**{name: value})


def test_the_schedule_warms_up_and_ends_at_zero():
    config = TrainConfig(steps=100, warmup=10, learning_rate=1.0)
    rates = [learning_rate(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.001 and np.all(np.diff(rates[10:]) <= 0)


def test_a_frozen_head_does_not_move(tmp_path):
    task = pairing_task()
    frozen = PairingTask(
        task.heads, task.banks, range(32), InfoNce(), np.arange(40),
        lambda: {'score': 0.0}, batch=16, frozen=('image',),
    )  # fmt: skip
    before = {k: v.clone() for k, v in task.heads['image'].state_dict().items()}
    train(frozen, CONFIG, tmp_path)
    after = task.heads['image'].state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_nothing_to_train_is_refused(tmp_path):
    task = pairing_task()
    task.modules.requires_grad_(False)
    with pytest.raises(ValueError, match='parameter that requires a gradient'):
        train(task, CONFIG, tmp_path)
