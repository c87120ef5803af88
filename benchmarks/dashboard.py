# SPDX-License-Identifier: Apache-2.0
"""The live page: frame to browser, an answer to a drawing, and what a browser costs the node."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import cv2
import httpx
import numpy as np
from xsense_ros.msg import MatchArray

from benchmarks.floor import FLOOR, bare_subscriber
from benchmarks.over_dds import MOST_RUNS, RATES
from benchmarks.ports import free_port
from benchmarks.rig import BUNDLE, Rig, image_message, until
from benchmarks.samples import noise_frame, sample
from benchmarks.statistics import median_row, percentile, percentile_rows
from benchmarks.stream import Stream
from xsense_ros.bench.rows import HIGHER, Row
from xsense_ros.nodes.conversions import stamp_to_ns

RATE, COUNT, RUNS, PEAK_RUNS, PEAK_SECONDS = 30, 75, 3, 4, 1.6
SKETCHES = 20


class Pages:
    """The dashboard in its own process, and one browser in another."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.port = free_port()
        self.arrivals: list[tuple[float, float]] = []

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """The dashboard runs, and nobody looks."""
        arguments = ['--ros-args', '-p', f'port:={self.port}']
        child = _child('xsense_ros.nodes.dashboard_node', *arguments)
        try:
            self._rig.wait(self._answers, 'the dashboard')
            yield
        finally:
            child.terminate()
            child.wait(timeout=20)

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """One browser looks at everything. ``arrivals``: stamp and arrival of camera tiles [s]."""
        child = _child('benchmarks.page_reader', str(self.port), stdout=subprocess.PIPE)
        reading = threading.Thread(target=self._read, args=(child.stdout,), daemon=True)
        reading.start()
        try:
            self.arrivals.clear()
            self._rig.insist(self._rig.show, lambda: bool(self.arrivals), 'the page')
            yield
        finally:
            child.terminate()
            child.wait(timeout=60)
            reading.join()
        images = self._rig.images
        self._rig.wait(lambda: images.get_subscription_count() == 1, 'the end of the page')

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f'http://127.0.0.1:{self.port}/api/items').status_code == 200
        return False

    def _read(self, lines: Any) -> None:
        for line in lines:
            tile, stamp, came = line.split()
            if tile == b'camera':
                self.arrivals.append((float(stamp), float(came)))


def run(scale: float = 1.0, runs: int = RUNS, rising: int = PEAK_RUNS) -> list[Row]:
    """Frames to a page in turns with a bare subscriber; drawings; the node's peak with a page.

    Args:
        scale: shortens it.
        runs: of frames to the page, and of drawings.
        rising: how often rising rates are gone through with a page and without.
    """
    frames = [image_message(noise_frame(3))]
    with ExitStack() as stack:
        streams: list[Stream] = []

        def on_match(message: MatchArray, _: float) -> None:
            for stream in streams:
                stream.heard(stamp_to_ns(message.header.stamp), message.encode_ms)

        bundles = f'{BUNDLE},sketch-photo'
        rig = stack.enter_context(Rig(on_match, bundles))
        streams.append(stream := Stream(rig, rig.images))
        pages = Pages(rig)
        stack.enter_context(pages.served())
        return [
            *_to_the_page(rig, pages, stream, frames, round(COUNT * scale), runs),
            *_drawings(pages, max(2, round(SKETCHES * scale)), runs),
            _cost(pages, stream, frames, PEAK_SECONDS * scale, rising),
        ]


def _to_the_page(
    rig: Rig, pages: Pages, stream: Stream, frames: list[Any], count: int, runs: int
) -> list[Row]:
    shown: list[list[float]] = []
    floors: list[list[float]] = []
    with pages.open(), bare_subscriber(rig) as floor:
        for _ in range(MOST_RUNS):
            pages.arrivals.clear()
            stream.steady(frames, RATE, count)
            until(lambda: bool(pages.arrivals), 1.0)
            tiles = [(came - stamp) * 1e3 for stamp, came in list(pages.arrivals)]
            bare = floor.steady(frames, RATE, count).latency
            if tiles and bare:  # else all frames of so short a run were lost: there are more runs
                shown.append(tiles)
                floors.append(bare)
            if len(shown) == runs:
                break
        else:
            raise RuntimeError('no tile came to the page')
    return percentile_rows(
        shown, floors, {'p50': 'value <= 100'}, group='node', name='camera 640x480 to a page',
        variant=f'{RATE} Hz', unit='ms', reference=FLOOR,
    )  # fmt: skip


def _drawings(pages: Pages, count: int, runs: int) -> list[Row]:
    drawing = cv2.imencode('.png', np.asarray(sample('sketch')))[1].tobytes()
    asked: list[list[float]] = []
    node: list[list[float]] = []
    with httpx.Client(base_url=f'http://127.0.0.1:{pages.port}', timeout=20) as browser:
        for _ in range(runs):
            asked.append([])
            node.append([])
            for _ in range(count):
                begin = time.perf_counter()
                answer = browser.post('/api/query', files={'sketch': drawing})
                asked[-1].append((time.perf_counter() - begin) * 1e3)
                node[-1].append(answer.raise_for_status().json()['ms']['total'])
    return percentile_rows(
        asked, node, {'p50': 'value <= 300'}, group='node', name='sketch asked by a page',
        variant='by HTTP', unit='ms', reference="the node's share of it",
    )  # fmt: skip


def _cost(pages: Pages, stream: Stream, frames: list[Any], seconds: float, runs: int) -> Row:
    # As the node says itself: another encoder here would take its processor.
    engine: list[float] = []
    for _ in range(MOST_RUNS):
        engine += stream.steady(frames, RATE, 20).engine
        if engine:
            break
    else:
        raise RuntimeError('no answers')
    engine_ms = percentile(engine, 50)
    raw_rate = min(1e3 / engine_ms, 120.0)

    def peak() -> float:
        rates = (share * raw_rate for share in RATES)
        return max(stream.steady(frames, r, max(2, round(r * seconds))).rate for r in rates)

    seen: list[float] = []
    unseen: list[float] = []
    for number in range(runs):
        for looked_at in (True, False) if number % 2 else (False, True):
            with pages.open() if looked_at else contextlib.nullcontext():
                (seen if looked_at else unseen).append(peak())
    return median_row(
        seen, unseen, group='node', name='camera 640x480 to match, a page open', figure='peak',
        variant='rising rates', unit='/s', reference='no page open', better=HIGHER,
        goal='ratio >= 0.9',
    )  # fmt: skip


def _child(module: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, '-m', module, *arguments], **options)
