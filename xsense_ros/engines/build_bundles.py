# SPDX-License-Identifier: Apache-2.0
"""Build the engines of whole bundles now, and show how far it is: a bar, or lines in a log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from xsense_ros.engines.bundle import Bundle
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.cuda import gpu_at_hand
from xsense_ros.engines.engine_store import Wanted, build_all, models_of, settings_for
from xsense_ros.engines.tensorrt_vendor import load_vendor
from xsense_ros.errors import EngineError

LOG_SECONDS = 10.0


def build_bundles(
    bundles: Sequence[Bundle],
    backend: str,
    capabilities: tuple[str, ...] = (),
    folder: Path | None = None,
) -> None:
    """Build what is missing; engines that are there stay.

    Args:
        bundles: opened.
        backend: 'tensorrt' or 'tensorrt_rtx'; with a precision, the files of that precision.
        capabilities: compute capabilities to build for with TensorRT-RTX; empty: all it knows.
        folder: of the cache; None means the user's.

    Raises:
        EngineError: models that could not be built, after the others were; why was shown.
    """
    vendor, gpu = load_vendor(backend.partition(':')[0]), gpu_at_hand()
    columns = (TextColumn('{task.description}'), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bars:
        say = partial(bars.console.print, highlight=False, markup=False, soft_wrap=True)
        wanted = models_of(bundles, backend, say)
        cache = EngineCache(folder, say=say)
        settings = settings_for(vendor, cache, gpu, capabilities)
        bar = bars.add_task(vendor.title, total=1.0)
        told_at = time.monotonic()

        def show(one: Wanted, share: float, phase: str) -> None:
            nonlocal told_at
            bars.update(bar, completed=share, description=f'{one.name}: {phase}')
            # A bar is for people who watch; a log gets a line now and then.
            if not bars.console.is_terminal and time.monotonic() - told_at > LOG_SECONDS:
                told_at = time.monotonic()
                say(f'{one.name}: {share:.0%}, {phase}')

        def build(one: Wanted) -> bool:
            try:
                (done,) = build_all(vendor, [one], settings, cache, gpu, show)
            except EngineError as error:
                say(f'{one.name}: {error}')
                return False
            how = 'there already' if done.was_there else 'built'
            say(f'{one.name}: {how}, {done.bytes / 1e6:.1f} MB')
            return True

        failed = [one.name for one in wanted if not build(one)]
        say(f'{len(wanted) - len(failed)} engines for {vendor.title} in {cache.folder}')
    if failed:
        raise EngineError(
            f'engines for {vendor.title}', failed, 'all of them', 'see what was said of each above'
        )
