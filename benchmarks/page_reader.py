# SPDX-License-Identifier: Apache-2.0
"""A browser without eyes: takes every tile of a page, and tells when each came.

`python -m benchmarks.page_reader PORT` writes a line a tile: its name, the stamp of its frame and
the time of its arrival [s].
"""

from __future__ import annotations

import json
import sys
import time

from websockets.sync.client import connect

from xsense_ros.dashboard.tiles import split_tile


def main(port: int) -> None:
    """Read until the server ends, or this process is ended."""
    with connect(f'ws://127.0.0.1:{port}/live', max_size=None) as page:
        hello = json.loads(page.recv())
        tiles = [sense['name'] for sense in hello['senses']]
        page.send(json.dumps({'type': 'watch', 'tiles': tiles}))
        for received in page:
            if isinstance(received, str):
                continue
            came = time.time()
            header, _ = split_tile(received)
            page.send(json.dumps({'type': 'ack', 'tile': header['tile']}))
            print(header['tile'], repr(header['stamp']), repr(came), flush=True)


if __name__ == '__main__':
    main(int(sys.argv[1]))
