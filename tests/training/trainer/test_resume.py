# SPDX-License-Identifier: Apache-2.0
"""A run that was killed ends in the same bits as one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from tests.training.trainer.toy_tasks import CONFIG, Regression, pairing_task
from xsense_training.config import structure
from xsense_training.trainer import TrainConfig, train

EVERYTHING = replace(CONFIG, accumulate=2, ema=0.9, prefetch=2, patience=20)
SCRIPT = """
import os, signal, sys
from pathlib import Path
from tests.training.trainer.test_resume import EVERYTHING
from tests.training.trainer.toy_tasks import pairing_task
from xsense_training.trainer import train

task = pairing_task()
losses = []

def loss(batch, inner=task.loss):
    losses.append(1)
    if len(losses) == 2 * 13 + 1:  # in the middle of a step, three after a checkpoint
        os.kill(os.getpid(), signal.SIGKILL)
    return inner(batch)

task.loss = loss
train(task, EVERYTHING, Path(sys.argv[1]))
"""


def checkpoint(folder):
    return torch.load(folder / 'checkpoint.pt', weights_only=True)


def assert_equal(a, b):
    """The same bits, however deep."""
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_equal(x, y)
    else:
        assert a == b


@pytest.mark.timeout(300)  # a second process starts torch, perhaps beside other tests
def test_a_killed_run_ends_in_the_same_bits(tmp_path):
    """SIGKILL, with dropout, prefetch, accumulation and averaged weights at once."""
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    expected = train(pairing_task(), EVERYTHING, whole)
    path = os.pathsep.join(p for p in sys.path if p)
    process = subprocess.run(
        [sys.executable, '-c', SCRIPT, str(killed)],
        env={**os.environ, 'PYTHONPATH': path},
        stdout=subprocess.DEVNULL,
        timeout=280,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    assert checkpoint(killed)['step'] == 10
    (killed / 'checkpoint.partial').write_bytes(b'half a file')  # killed while saving
    found = train(pairing_task(), EVERYTHING, killed)
    assert found == expected
    assert_equal(checkpoint(whole), checkpoint(killed))
    assert_equal(*(torch.load(f / 'best.pt', weights_only=True) for f in (whole, killed)))


def test_a_run_stopped_by_an_error_ends_in_the_same_bits(tmp_path):
    expected = train(pairing_task(), CONFIG, tmp_path / 'whole')
    calls = []

    def fail():
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(pairing_task(at_validation=fail), CONFIG, tmp_path / 'stopped')
    assert checkpoint(tmp_path / 'stopped')['step'] == 10
    assert train(pairing_task(), CONFIG, tmp_path / 'stopped') == expected
    assert_equal(checkpoint(tmp_path / 'whole'), checkpoint(tmp_path / 'stopped'))


def test_a_finished_run_is_recalled_without_training(tmp_path):
    first = train(Regression(), CONFIG, tmp_path)
    speed = (tmp_path / 'throughput.json').read_text()
    task = Regression()
    assert train(task, CONFIG, tmp_path) == first
    assert task.seen == [] and (tmp_path / 'throughput.json').read_text() == speed


def test_prefetch_changes_no_number(tmp_path):
    results = [
        train(pairing_task(), replace(CONFIG, prefetch=prefetch), tmp_path / str(prefetch))
        for prefetch in (0, 3)
    ]
    assert results[0] == results[1]
    states = [checkpoint(tmp_path / name) for name in ('0', '3')]
    for state in states:
        del state['config']
    assert_equal(*states)


def test_the_checkpoint_holds_the_configuration(tmp_path):
    train(Regression(), EVERYTHING, tmp_path)
    stored = checkpoint(tmp_path)['config']
    assert structure(TrainConfig, stored) == EVERYTHING
    assert stored == json.loads((tmp_path / 'config.json').read_text())


def test_a_damaged_checkpoint_is_named(tmp_path):
    train(Regression(), CONFIG, tmp_path)
    path = tmp_path / 'checkpoint.pt'
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r'checkpoint: got .*delete the run folder'):
        train(Regression(), CONFIG, tmp_path)


def test_a_checkpoint_of_another_kind_is_named(tmp_path):
    train(Regression(), CONFIG, tmp_path)
    torch.save({'modules': {}, 'step': 3}, tmp_path / 'checkpoint.pt')
    with pytest.raises(ValueError, match=r"entries \['average', .*delete the run folder"):
        train(Regression(), CONFIG, tmp_path)
