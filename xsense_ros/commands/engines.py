# SPDX-License-Identifier: Apache-2.0
"""`xsense engines`: TensorRT engines of the bundles, built before the robot needs them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xsense_ros.commands.samples import HELP

if TYPE_CHECKING:
    from xsense_ros.engines.bundle import Bundle
    from xsense_ros.engines.cache import EngineCache

_BACKENDS = tuple(
    base + precision
    for base in ('tensorrt', 'tensorrt_rtx')
    for precision in ('', ':fp16', ':int8')
)
_CACHE = click.option(
    '--cache',
    'folder',
    type=click.Path(file_okay=False, path_type=Path),
    help='Folder of the engines [$XSENSE_ENGINE_CACHE, ~/.cache/xsense/engines].',
)


def _target(function: Callable[..., None]) -> Callable[..., None]:
    """Which bundles, which TensorRT, for which GPU."""
    for option in reversed(
        (
            click.argument('bundles', nargs=-1),
            click.option('--all', 'every', is_flag=True, help='Every bundle that is found.'),
            click.option(
                '--backend',
                type=click.Choice(_BACKENDS),
                default=_BACKENDS[0],
                show_default=True,
                metavar='NAME',
                help='tensorrt or tensorrt_rtx, with :fp16 or :int8 the files of that precision. '
                'tensorrt needs the GPU that it builds for; tensorrt_rtx does not.',
            ),
            click.option(
                '--compute-capability',
                'capabilities',
                multiple=True,
                metavar='X.Y',
                help='GPUs to build for with tensorrt_rtx, 8.9 say; may be repeated '
                '[all that one engine can hold].',
            ),
            _CACHE,
        )
    ):
        function = option(function)
    return function


@click.group(context_settings=HELP)
def command() -> None:
    """Build, list, verify and prune TensorRT engines; explain why one would be built.

    \b
    Examples:
      xsense engines build --all
      xsense engines build image-sound-text --backend tensorrt_rtx --compute-capability 8.9
      xsense engines explain --all
      xsense engines list
    """


@command.command(context_settings=HELP)
@_target
def build(
    bundles: tuple[str, ...],
    every: bool,
    backend: str,
    capabilities: tuple[str, ...],
    folder: Path | None,
) -> None:
    """Build the engines of bundles, given by name or path; those that are there stay."""
    from xsense_ros.engines.build_bundles import build_bundles

    build_bundles(_opened(bundles, every), backend, capabilities, folder)


@command.command(context_settings=HELP)
@_target
def explain(
    bundles: tuple[str, ...],
    every: bool,
    backend: str,
    capabilities: tuple[str, ...],
    folder: Path | None,
) -> None:
    """Say of each model whether its engine is there, or why it would be built."""
    from xsense_ros.engines.cache import EngineCache
    from xsense_ros.engines.cuda import gpu_at_hand
    from xsense_ros.engines.engine_store import missing, models_of, settings_for
    from xsense_ros.engines.tensorrt_vendor import load_vendor

    vendor, gpu = load_vendor(backend.partition(':')[0]), gpu_at_hand()
    cache = EngineCache(folder)
    settings = settings_for(vendor, cache, gpu, capabilities)
    wanted = models_of(_opened(bundles, every), backend, click.echo)
    for one, reason in missing(vendor, wanted, settings, cache, gpu):
        click.echo(f'{one.name}: {reason or "ready"}')


@command.command('list', context_settings=HELP)
@_CACHE
def list_engines(folder: Path | None) -> None:
    """List the engines that are there, the most recently used first."""
    cache = _cache(folder)
    entries = cache.entries()[::-1]
    widest = max((len(entry.model) for entry in entries), default=0)
    for e in entries:
        click.echo(
            f'{e.model:<{widest}} {e.bytes / 1e6:7.1f} MB  {e.key.runtime:<24} {e.key.device}, '
            f'{e.key.compute_capability}  {e.key.profile}  {e.built}  {e.path.stem[-32:][:12]}'
        )
    size = sum(entry.size for entry in entries)
    click.echo(f'{len(entries)} engines, {size / 1e6:.1f} MB in {cache.folder}')


@command.command(context_settings=HELP)
@_CACHE
def verify(folder: Path | None) -> None:
    """Check the checksum of every engine; exit code 1 where one is damaged."""
    found = _cache(folder).verify()
    for path, wrong in found.items():
        if wrong is not None:
            click.echo(f'{path.name}: {wrong}')
    damaged = sum(wrong is not None for wrong in found.values())
    click.echo(f'{len(found)} engines, {damaged} damaged')
    if damaged:
        click.echo('remove them: xsense engines prune --damaged')
    sys.exit(1 if damaged else 0)


@command.command(context_settings=HELP)
@click.option(
    '--to', 'megabytes', type=click.IntRange(min=0), metavar='MB',
    help="Size to keep; the least recently used go first [the cache's limit].",
)  # fmt: skip
@click.option(
    '--damaged', is_flag=True, help='Remove damaged engines and what killed builds left.'
)
@click.option('--all', 'every', is_flag=True, help='Remove all.')
@_CACHE
def prune(megabytes: int | None, damaged: bool, every: bool, folder: Path | None) -> None:
    """Remove engines that are not needed any more; a missing one is built again when asked for."""
    limit = 0 if every else megabytes * 10**6 if megabytes is not None else None
    gone = _cache(folder).prune(limit, damaged=damaged or every)
    click.echo(f'{len(gone)} engines removed')


def _cache(folder: Path | None) -> EngineCache:
    from xsense_ros.engines.cache import EngineCache

    return EngineCache(folder, say=click.echo)


def _opened(names: tuple[str, ...], every: bool) -> list[Bundle]:
    from xsense_ros.engines.bundle import Bundle, bundle_folders, find_bundle

    if bool(names) == every:
        raise click.UsageError('name bundles, or give --all')
    folders: list[Any] = bundle_folders() if every else [find_bundle(name) for name in names]
    return [Bundle.open(folder) for folder in folders]
