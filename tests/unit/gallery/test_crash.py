# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle of enrolling: what was acknowledged is there, and nothing half."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np

from xsense_ros.gallery.gallery import Gallery

ENROLLER = """
import sys
import numpy as np
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View

gallery = Gallery.open(sys.argv[1], {'ist': 'a' * 64})
rng = np.random.default_rng(int(sys.argv[2]))
print('ready', flush=True)
while True:
    vectors = rng.standard_normal((3, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    media = rng.bytes(5000)
    views = [View('image', {'ist': v}, media, 'image/png', media[:500]) for v in vectors]
    item = gallery.enroll('thing', views)
    print(item.item_id, vectors[0].tobytes().hex(), flush=True)
"""


def test_killed_while_enrolling_loses_nothing_acknowledged(tmp_path):
    path = tmp_path / 'gallery.db'
    chance = random.Random(0)
    acknowledged: dict[str, np.ndarray] = {}
    for life in range(6):
        child = subprocess.Popen(
            [sys.executable, '-c', ENROLLER, str(path), str(life)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == 'ready\n'
        lines = [child.stdout.readline() for _ in range(chance.randint(1, 30))]
        time.sleep(chance.uniform(0.0, 0.02))
        child.send_signal(signal.SIGKILL)
        # A line cut by the kill was not received, so it acknowledges nothing.
        lines += child.stdout.read().splitlines(keepends=True)
        for line in lines:
            if line.endswith('\n'):
                item_id, vector = line.split()
                acknowledged[item_id] = np.frombuffer(bytes.fromhex(vector), np.float32)
        assert child.wait(timeout=30) == -signal.SIGKILL

        connection = sqlite3.connect(path)
        assert connection.execute('PRAGMA integrity_check').fetchone() == ('ok',)
        connection.close()
        with Gallery.open(path, {'ist': 'a' * 64}) as gallery:
            items = gallery.items()
            assert set(acknowledged) <= {item.item_id for item in items}
            assert all(len(item.views) == 3 for item in items)
            assert len(list(gallery.kept_views())) == 3 * len(items)
            # One commit can have been made and not yet told; never more than one a life.
            assert len(items) <= len(acknowledged) + life + 1
            assert gallery.version == len(items)
            assert len(gallery.vectors('ist', 'image').view_ids) == 3 * len(items)
            for item_id, vector in list(acknowledged.items())[-5:]:
                assert gallery.search('ist', 'image', vector, 1)[0].item_id == item_id
    assert len(acknowledged) >= 6
