# SPDX-License-Identifier: Apache-2.0
"""The loop: learns, keeps the best, and comes back from a kill bit for bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from xsense_training.losses.info_nce import InfoNce
from xsense_training.models.heads import ResidualHead
from xsense_training.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.trainer import TrainConfig, learning_rate, train

CONFIG = TrainConfig(steps=30, learning_rate=3e-3, warmup=3, validate_every=5)


def toy_task(seconds_per_step=0.0):
    """Two linear views of one latent; heads start from the same weights in every call."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((40, 4))
    x = (latent @ rng.standard_normal((4, 10))).astype(np.float32)[:, None]
    y = (latent @ rng.standard_normal((4, 8))).astype(np.float32)[:, None]
    torch.manual_seed(0)
    heads = {'image': ResidualHead(10, 6, 16, 0.2, 0.1), 'text': ResidualHead(8, 6, 16, 0.2, 0.1)}
    owners = rows_by_concept(np.arange(40))
    banks = {'image': FeatureBank(x, owners), 'text': FeatureBank(y, owners)}

    def scores():
        time.sleep(seconds_per_step)
        with torch.no_grad():
            a = heads['image'](torch.from_numpy(x[32:, 0]))
            b = heads['text'](torch.from_numpy(y[32:, 0]))
        return {'score': float(((a @ b.T).argmax(1) == torch.arange(8)).float().mean())}

    return PairingTask(heads, banks, range(32), InfoNce(), np.arange(40), scores, batch=16)


def weights(folder):
    return torch.load(folder / 'checkpoint.pt', weights_only=False)['modules']


def test_it_learns_and_keeps_the_best(tmp_path):
    task = toy_task()
    result = train(task, TrainConfig(steps=200, validate_every=50, warmup=5), tmp_path)
    assert result.best['score'] > result.history[0]['val_score'] + 0.2
    assert task.validate()['score'] == result.best['score']
    assert result.history[-1]['loss'] < result.history[1]['loss']
    for name in ('config.json', 'environment.json', 'history.json', 'curves.png', 'best.pt'):
        assert (tmp_path / name).stat().st_size > 0


def test_a_killed_run_ends_in_the_same_weights(tmp_path):
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    train(toy_task(), CONFIG, whole)
    script = (
        'import sys; sys.path.insert(0, sys.argv[2])\n'
        'from pathlib import Path\n'
        'from test_trainer import CONFIG, toy_task\n'
        'from xsense_training.trainer import train\n'
        'train(toy_task(0.2), CONFIG, Path(sys.argv[1]))\n'
    )
    here = Path(__file__).parent
    path = os.pathsep.join(str(p) for p in sys.path if p)
    process = subprocess.Popen(
        [sys.executable, '-c', script, str(killed), str(here)],
        env={**os.environ, 'PYTHONPATH': path},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        checkpoint = killed / 'checkpoint.pt'
        if checkpoint.exists() and (killed / 'best.pt').exists():
            step = torch.load(checkpoint, weights_only=False)['step']
            if step >= 10:
                break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    step = torch.load(killed / 'checkpoint.pt', weights_only=False)['step']
    assert 10 <= step < CONFIG.steps
    result = train(toy_task(), CONFIG, killed)
    expected, found = weights(whole), weights(killed)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    assert [row['step'] for row in result.history] == list(range(0, 31, 5))


def test_a_reloaded_checkpoint_gives_the_same_vectors(tmp_path):
    task = toy_task()
    train(task, CONFIG, tmp_path)
    fresh = toy_task()
    fresh.modules.load_state_dict(torch.load(tmp_path / 'best.pt'))
    x = torch.randn(5, 10)
    task.modules.eval(), fresh.modules.eval()
    assert torch.equal(task.heads['image'](x), fresh.heads['image'](x))


def test_another_configuration_is_refused(tmp_path):
    train(toy_task(), CONFIG, tmp_path)
    assert json.loads((tmp_path / 'config.json').read_text())['steps'] == 30
    with pytest.raises(ValueError, match='another configuration'):
        train(toy_task(), TrainConfig(steps=31), tmp_path)


def test_the_schedule_warms_up_and_ends_at_zero():
    config = TrainConfig(steps=100, warmup=10, learning_rate=1.0)
    rates = [learning_rate(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.001 and np.all(np.diff(rates[10:]) <= 0)


def test_a_frozen_head_does_not_move(tmp_path):
    task = toy_task()
    frozen = PairingTask(
        task.heads, task.banks, range(32), InfoNce(), np.arange(40),
        lambda: {'score': 0.0}, batch=16, frozen=('image',),
    )  # fmt: skip
    before = {k: v.clone() for k, v in task.heads['image'].state_dict().items()}
    train(frozen, CONFIG, tmp_path)
    after = task.heads['image'].state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
