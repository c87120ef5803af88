# SPDX-License-Identifier: Apache-2.0
"""Makes the simulated set: shares objects among processes, then writes what joins them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from xsense_ros.errors import InputError
from xsense_training.data.root import data_root
from xsense_training.touch_sim import layout, produce
from xsense_training.touch_sim.objects import make_thing
from xsense_training.touch_sim.preview import write_preview

VERSION = 1  # raise it when a line of this package changes what is drawn
# The C library hands every array above 128 kB back to the system and asks for it anew; processes
# that keep them are 5 to 9 % faster.
_MEMORY = {
    'MALLOC_MMAP_THRESHOLD_': str(1 << 30),
    'MALLOC_TRIM_THRESHOLD_': str(1 << 32),
    'MALLOC_TOP_PAD_': str(1 << 26),
}
_BACKGROUNDS = 4  # frames without contact of each unit beside the first


def make(
    objects: int,
    instances: int,
    seed: int = 0,
    size: int = 224,
    folder: Path | None = None,
    root: Path | None = None,
    workers: int = 2,
    console: Console | None = None,
) -> Path:
    """Makes or completes the set.

    Args:
        objects: how many.
        instances: views, touches and knocks of each.
        seed: of everything.
        size: of the views, in pixels.
        folder: of the set; None means `touch-sim` in the data root.
        root: data root; None means $XSENSE_DATA or its default.
        workers: processes.
        console: where progress is shown; None means standard error.

    Returns:
        the folder.

    Raises:
        InputError: a number out of range, a data set that is not fetched, or a folder that holds
            something else.
    """
    limits = {
        # Fewer would leave a part of a split empty.
        'objects': (objects, 3, 100000),
        'instances': (instances, 4, 10000),
        'size': (size, 32, 1024),
        'workers': (workers, 1, 256),
        'seed': (seed, 0, 2**32),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise InputError(f'--{name}', value, f'{low} to {high}', f'pass another --{name}')
    place = data_root(root)
    target = place / 'touch-sim' if folder is None else folder
    shown = console or Console(stderr=True)
    # Both data sets are asked for before anything is written.
    produce.single_thread()
    produce.sensor(0)
    make_thing(0, seed, place)
    layout.claim(
        target,
        {
            'version': VERSION,
            'objects': objects,
            'instances': instances,
            'seed': seed,
            'size': size,
            'spectrogram': produce.SPECTROGRAM,
        },
    )
    order = produce.Order(seed, instances, size, target, place)
    missing = [number for number in range(objects) if produce.finished(target, number) is None]
    if missing:
        _run(order, missing, workers, shown)
    _write_backgrounds(target)
    _write_joint(order, objects)
    write_preview(target)
    return target


def _run(order: produce.Order, missing: list[int], workers: int, console: Console) -> None:
    columns = (
        TextColumn('touch-sim'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('objects, {task.fields[rate]:.1f} view+touch+knock a second'),
        TimeRemainingColumn(),
    )
    begin = time.monotonic()
    for name, value in _MEMORY.items():
        os.environ.setdefault(name, value)
    with (
        Progress(*columns, console=console) as progress,
        # Spawned, never forked: libraries that were loaded here may hold threads and locks.
        ProcessPoolExecutor(
            min(workers, len(missing)), multiprocessing.get_context('spawn'), _begin, (order,)
        ) as pool,
    ):
        task = progress.add_task('', total=len(missing), rate=0.0)
        try:
            shares = [pool.submit(_one, number) for number in missing]
            for done, share in enumerate(as_completed(shares), start=1):
                if (fault := share.result()) is not None:
                    raise InputError(*fault)
                rate = done * order.instances / (time.monotonic() - begin)
                progress.update(task, completed=done, rate=rate)
        except BrokenProcessPool as error:
            raise InputError(
                'process',
                'ended by the system',
                'one that lives to the end',
                'start again, perhaps with fewer --workers: what is finished is kept',
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)
    seconds = time.monotonic() - begin
    pairs = len(missing) * order.instances
    console.print(
        f'{pairs} view+touch+knock in {seconds:.1f} s with {workers} processes: '
        f'{pairs / seconds:.1f} a second'
    )


_order: produce.Order | None = None


def _begin(order: produce.Order) -> None:
    """Prepares a process."""
    global _order
    _order = order
    produce.single_thread()
    # Ctrl-C is for the parent, which then ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _one(number: int) -> tuple[str, str, str, str] | None:
    """Makes one object in a process; returns what an InputError is made of, if there is one.

    Errors with several arguments do not survive the way between processes.
    """
    assert _order is not None
    try:
        produce.make_object(_order, number)
    except InputError as error:
        return error.what, str(error.value), error.expected, error.cure
    except OSError as error:
        return (
            f'files of object {number + 1}',
            str(error),
            f'room to write in {_order.folder}',
            'make room or pass another --out, then start again',
        )
    return None


def _write_backgrounds(folder: Path) -> None:
    """Frames without contact of every unit: `<unit>.png`, `<unit>_<k>.png` at other moments."""
    place = folder / 'background'
    place.mkdir(exist_ok=True)
    for unit in range(produce.UNITS + produce.UNSEEN_UNITS):
        generator = np.random.default_rng([unit, 7])
        for moment in range(_BACKGROUNDS + 1):
            name = f'{unit}.png' if moment == 0 else f'{unit}_{moment}.png'
            produce.write_frame(place / name, produce.sensor(unit).background(generator))


def _write_joint(order: produce.Order, objects: int) -> None:
    """The files that describe all objects together."""
    parts: dict[str, dict[str, Any]] = {}
    for number in range(objects):
        part = produce.finished(order.folder, number)
        assert part is not None
        parts[str(number + 1)] = part
    layout.write_json(
        order.folder / 'objects.json', {name: part['object'] for name, part in parts.items()}
    )
    drawn = {name: part['instances'] for name, part in parts.items()}
    layout.write_json(order.folder / 'instances.json', drawn)
    # Presses of unseen units belong to no part: training must not meet those sensors, and tables
    # must not mix them in.
    seen = {
        name: [key for key in sorted(entries, key=int) if not entries[key]['unseen_unit']]
        for name, entries in drawn.items()
    }
    unseen = layout.unseen_split(objects, order.seed)
    layout.write_json(
        order.folder / 'split.json',
        {part: {name: seen[name] for name in names} for part, names in unseen.items()},
    )
    same = {name: layout.same_split(keys, int(name), order.seed) for name, keys in seen.items()}
    layout.write_json(
        order.folder / 'split_same.json',
        {
            part: {name: same[name][part] for name in seen if same[name][part]}
            for part in ('train', 'val', 'test')
        },
    )
