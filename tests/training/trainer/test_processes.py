# SPDX-License-Identifier: Apache-2.0
"""Two processes under torchrun (gloo, CPU) train what one process trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.trainer.toy_tasks import CONFIG, Regression, pairing_task
from tests.training.trainer.two_processes import ALL, EXACT, SHORT
from xsense_training.trainer import train

pytestmark = pytest.mark.timeout(300)  # three processes start torch, perhaps beside other tests
TOLERANCE = 1e-4  # relative, of every loss and score over 30 steps


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('two')


@pytest.fixture(scope='module')
def found(folder):
    """What both processes wrote."""
    script = Path(__file__).with_name('two_processes.py')
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2']
    path = os.pathsep.join(p for p in sys.path if p)
    process = subprocess.run(
        [*command, str(script), str(folder)],
        env={**os.environ, 'PYTHONPATH': path, 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return [json.loads((folder / f'found-{rank}.json').read_text()) for rank in range(2)]


def test_the_processes_know_each_other(found, folder):
    assert [f['part'] for f in found] == [[0, 2], [1, 2]]
    environment = json.loads((folder / 'pairs' / 'environment.json').read_text())
    assert environment['processes'] == 2


def test_rows_are_gathered_in_order_and_their_gradients_added(found):
    expected = torch.cat([torch.arange(4.0).reshape(2, 2) + 10 * rank for rank in range(2)])
    for rank, f in enumerate(found):
        assert f['rows'] == expected.tolist()
        weights = torch.arange(1.0, 5.0)[:, None] * 2 + 1  # of both processes
        own = weights[2 * rank : 2 * rank + 2].expand(2, 2)
        assert f['gradient'] == own.tolist()
        assert f['without gradient'] == [2, 2]


@pytest.mark.parametrize(
    ('name', 'task', 'config'),
    [
        ('pairs', lambda: pairing_task(EXACT, teacher=True), CONFIG),
        ('pairs with everything', lambda: pairing_task(EXACT), ALL),
        ('mean loss', Regression, SHORT),
    ],
)
def test_the_loss_curve_is_that_of_one_process(found, tmp_path, name, task, config):
    one = train(task(), config, tmp_path)
    assert one.history[-1]['loss'] < 0.9 * one.history[1]['loss']
    for f in found:
        assert f[name]['same weights']
        for a, b in zip(one.history, f[name]['history'], strict=True):
            assert a == pytest.approx(b, rel=TOLERANCE)


def test_a_run_of_two_processes_resumes_in_the_same_bits(found, folder):
    assert all(f['stopped'] for f in found)
    a, b = (
        torch.load(folder / name / 'checkpoint.pt', weights_only=True)
        for name in ('whole', 'stopped')
    )
    assert a['history'] == b['history'] == found[0]['resumed'] == found[1]['resumed']
    assert all(torch.equal(a['modules'][key], b['modules'][key]) for key in a['modules'])
    assert torch.equal(a['streams']['cpu'], b['streams']['cpu'])
    assert not torch.equal(a['streams']['cpu'][0], a['streams']['cpu'][1])  # dropout differs


def test_nan_in_one_process_stops_both_and_the_one_names_the_sample(found):
    assert all('loss at step 7' in f['broken'] for f in found)
    assert 'batch.x, row 3' in found[1]['broken']
    assert 'no part of it on this process' in found[0]['broken']


def test_rows_that_two_processes_cannot_share_are_refused(found):
    for f in found:
        assert 'rows of a batch: got 7, expected a multiple of the 2 processes' in f['odd']


def test_only_the_first_process_writes(folder, found):
    assert {path.name for path in (folder / 'pairs').iterdir()} == {
        'config.json', 'environment.json', 'checkpoint.pt', 'best.pt', 'history.json',
        'curves.png', 'throughput.json',
    }  # fmt: skip
    throughput = json.loads((folder / 'pairs' / 'throughput.json').read_text())
    assert throughput['samples'] == 30 * 16
