# SPDX-License-Identifier: Apache-2.0
"""What a fleet costs a robot that enrols, and how soon the others know.

On milvus-lite on loopback: what the network and a cluster add is not in it.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.milvus_server import NEEDS, MilvusServer, missing
from benchmarks.statistics import NotRun, median_row, percentile_rows
from xsense_ros.bench.rows import Row
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.opening import open_gallery

RUNS, ITEMS, DIMENSION = 5, 20, 512
PERIOD = 0.01  # seconds between two looks at the server, so that waiting for them is not measured
_FINGERPRINTS = {'space': 'f' * 64}


def run(runs: int = RUNS, items: int = ITEMS) -> list[Row | NotRun]:
    """Enrol on one robot until another finds it, in turns with a bare client of Milvus."""
    if missing():
        return [NotRun('fleet', f'needs {NEEDS}')]
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place)
        server = MilvusServer(folder)
        stack.callback(server.kill)
        one, two = (stack.enter_context(_robot(server, folder, name)) for name in ('one', 'two'))
        alone = stack.enter_context(Gallery.open(folder / 'alone.db', _FINGERPRINTS))
        wire = stack.enter_context(contextlib.closing(_Bare(server.port)))
        known, bare, shared, plain = [], [], [], []
        for number in range(runs):
            seeds = range(number * items, (number + 1) * items)
            known.append([_until_known(one, two, seed) for seed in seeds])
            bare.append([wire.until_seen(seed) for seed in seeds])
            shared.append(sum(_enroll(one, seed + 10**6) for seed in seeds) / items * 1e3)
            plain.append(sum(_enroll(alone, seed) for seed in seeds) / items * 1e3)
    about = {'group': 'fleet', 'unit': 'ms'}
    return [
        *percentile_rows(
            known,
            bare,
            name='enrolled on one robot, known to another',
            variant=f'{PERIOD * 1e3:g} ms between looks',
            reference='one bare client upserts a row, another sees it',
            **about,
        ),
        median_row(
            shared,
            plain,
            name='enrolling a view',
            variant='while it is sent',
            figure='mean',
            reference='a gallery of this robot alone',
            **about,
        ),
    ]


def _robot(server: MilvusServer, folder: Path, name: str) -> Any:
    url = f'milvus://127.0.0.1:{server.port}/bench?robot={name}&period={PERIOD}'
    return open_gallery(f'{url}&cache={folder}/{name}.db', _FINGERPRINTS)


def _view(seed: int) -> View:
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return View('image', {'space': vector / np.linalg.norm(vector)})


def _enroll(gallery: Any, seed: int) -> float:
    view = _view(seed)
    begin = time.perf_counter()
    gallery.enroll(f'thing {seed}', [view])
    return time.perf_counter() - begin


def _until_known(one: Any, two: Any, seed: int) -> float:
    view = _view(seed)
    begin = time.perf_counter()
    item = one.enroll(f'thing {seed}', [view])
    vector = view.vectors['space']
    while not (hits := two.search('space', 'image', vector, 1)) or hits[0].item_id != item.item_id:
        time.sleep(0.001)
    return (time.perf_counter() - begin) * 1e3


class _Bare:
    """Two clients of pymilvus and a collection with as large a vector."""

    def __init__(self, port: int) -> None:
        from pymilvus import MilvusClient

        uri = f'http://127.0.0.1:{port}'
        self._writer = MilvusClient(uri, dedicated=True)
        self._reader = MilvusClient(uri, dedicated=True)
        self._writer.create_collection('bare', dimension=DIMENSION, metric_type='COSINE')

    def until_seen(self, seed: int) -> float:
        """Milliseconds from before the write until the other client reads it."""
        row = {'id': seed, 'vector': _view(seed).vectors['space'].tolist()}
        begin = time.perf_counter()
        self._writer.upsert('bare', [row])
        while not self._reader.query('bare', filter=f'id == {seed}', output_fields=['vector']):
            time.sleep(PERIOD)
        return (time.perf_counter() - begin) * 1e3

    def close(self) -> None:
        self._writer.close()
        self._reader.close()
