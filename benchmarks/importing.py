# SPDX-License-Identifier: Apache-2.0
"""Filling a gallery with 1,000 picture files, against the engines alone on ready inputs.

Import reads, decodes, preprocesses, makes thumbnails, and has everything on the disk at the end;
the engines alone run the same towers as often, with as many callers.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.samples import HEIGHT, WIDTH
from benchmarks.statistics import median_row
from xsense_ros.bench.rows import HIGHER, Row
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.importing.folder import plan_folder
from xsense_ros.importing.importer import import_plan
from xsense_ros.names import BUNDLES
from xsense_ros.workers import usable_cores

PICTURES, RUNS, PER_ITEM = 1000, 5, 4
GOAL = 'ratio >= 0.8'


def run(pictures: int = PICTURES, runs: int = RUNS, bundles: Sequence[str] = BUNDLES) -> list[Row]:
    """Import the pictures in several parts, in turns with as many runs of the engines."""
    workers, part = usable_cores(), pictures // runs
    encoder = Encoder([Bundle.open(find_bundle(name)) for name in bundles], threads=1)
    encoder.warm_up()
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(runs):
            _write_pictures(folder / f'{number}', part, number * part)
        with Gallery.open(folder / 'gallery.db', encoder.fingerprints) as gallery:
            for number in range(runs):
                parts = [
                    (ours, lambda n=number: _import(folder / f'{n}', part, gallery, encoder)),
                    (bare, lambda: _engines(encoder, part)),
                ]
                for rates, measure in parts if number % 2 else reversed(parts):
                    rates.append(measure())
    encoder.close()
    return [
        median_row(
            ours,
            bare,
            group='importing',
            name=f'{pictures:,} JPEG files of {WIDTH}x{HEIGHT}',
            variant=f'{len(bundles)} bundles, {workers} workers',
            figure='throughput',
            unit='/s',
            reference='the engines alone on ready inputs, as many callers',
            better=HIGHER,
            goal=GOAL,
        )
    ]


def _import(folder: Path, count: int, gallery: Gallery, encoder: Encoder) -> float:
    begin = time.perf_counter()
    report = import_plan(plan_folder(folder), gallery, encoder, workers=usable_cores())
    taken = time.perf_counter() - begin
    if report.imported != count:
        raise AssertionError(f'{report.imported} of {count} pictures imported')
    return count / taken


def _engines(encoder: Encoder, count: int) -> float:
    """Pictures a second: every tower of the sense, trunks that are shared once a picture."""
    callers = usable_cores()
    start = threading.Barrier(callers + 1)

    def work() -> None:
        routes = encoder._routes['image']
        ready = {
            route.preprocess: {
                name: tensor.copy()
                for name, tensor in encoder._preprocessors[route.preprocess](_photo(0)).items()
            }
            for route in routes
        }
        start.wait()
        for _ in range(count // callers):
            done: dict[tuple[str, ...], NDArray[np.float32]] = {}
            for route in routes:
                encoder._run(route, ready[route.preprocess], done)

    with ThreadPoolExecutor(callers) as pool:
        finished = [pool.submit(work) for _ in range(callers)]
        start.wait()
        begin = time.perf_counter()
        for one in finished:
            one.result()
        return count // callers * callers / (time.perf_counter() - begin)


def _write_pictures(folder: Path, count: int, first: int) -> None:
    for number in range(first, first + count):
        item = folder / f'item {number // PER_ITEM:04d}'
        item.mkdir(parents=True, exist_ok=True)
        bgr = cv2.cvtColor(_photo(number), cv2.COLOR_RGB2BGR)
        if not cv2.imwrite(str(item / f'{number}.jpg'), bgr, [cv2.IMWRITE_JPEG_QUALITY, 90]):
            raise AssertionError(f'no picture written to {item}')


def _photo(seed: int) -> NDArray[np.uint8]:
    """Soft colours with the noise of a camera: a JPEG as large as that of a photo."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    noise = generator.normal(0, 4, smooth.shape)
    return np.asarray(np.clip(smooth + noise, 0, 255), np.uint8)
