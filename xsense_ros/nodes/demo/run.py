# SPDX-License-Identifier: Apache-2.0
"""`xsense demo`: a robot whose senses were recorded sees, hears and feels, over real DDS."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from pathlib import Path
from types import FrameType

import click
import rclpy
from rclpy.signals import SignalHandlerOptions
from rich.console import Console

from xsense_ros.engines.bundle import find_bundle
from xsense_ros.errors import InputError
from xsense_ros.evaluation.items import read_items
from xsense_ros.evaluation.truth import read_truth
from xsense_ros.names import BUNDLES, MATCHER_BUNDLE
from xsense_ros.nodes.dds import isolate_this_process
from xsense_ros.nodes.demo.matching import MatchingPart
from xsense_ros.nodes.demo.page import page_address, start_page
from xsense_ros.nodes.demo.part import Part
from xsense_ros.nodes.demo.play import play
from xsense_ros.nodes.demo.processes import Processes
from xsense_ros.nodes.demo.retrieval import RetrievalPart
from xsense_ros.nodes.demo.sightings import Sightings
from xsense_ros.nodes.demo.table import LiveTable
from xsense_ros.resources import find_resource

WINDOW_SECONDS = 2.0
_PLAIN_WIDTH = 120  # of lines that go to a file or a pipe


@click.command(context_settings={'help_option_names': ['-h', '--help']})
@click.option(
    '--sample',
    type=click.Path(path_type=Path, file_okay=False),
    help='Folder with gallery/ and bag/  [default: the one that comes with the package]',
)
@click.option(
    '--bundle',
    'bundles',
    multiple=True,
    default=BUNDLES,
    show_default=True,
    help='Models to use; may be repeated.',
)
@click.option(
    '--matcher',
    default=MATCHER_BUNDLE,
    show_default=True,
    help='Models that find in heat what was shown in visible light.',
)
@click.option(
    '--rate',
    type=click.FloatRange(0.1, 20),
    default=5.0,
    show_default=True,
    help='Recorded seconds per second.',
)
@click.option('--loop', is_flag=True, help='Begin again and again, until Ctrl-C.')
@click.option(
    '--out',
    type=click.Path(path_type=Path, file_okay=False),
    default=Path('build/demo'),
    show_default=True,
    help='Folder for the answers, a picture and the logs of the processes.',
)
def demo(
    sample: Path | None,
    bundles: tuple[str, ...],
    matcher: str,
    rate: float,
    loop: bool,
    out: Path,
) -> None:
    """See, hear, read, be drawn to and touch, and find in heat: two nodes over DDS, fed by a bag.

    Starts the nodes and the replay as processes of their own, shows one node a gallery of
    pictures, plays the recording, shows the other one what it shall find in infrared frames, and
    compares what they answer with what was really there. A page shows it live.

    \b
    Examples:
      xsense demo
      xsense demo --rate 1 --loop
    """
    with contextlib.suppress(KeyboardInterrupt):
        # SIGTERM ends it like Ctrl-C, so that the children are ended too.
        signal.signal(signal.SIGTERM, _interrupt)
        folder = sample or find_resource('samples/robot_home')
        models = [find_bundle(bundle) for bundle in bundles]
        _run(folder, models, find_bundle(matcher), rate, loop, out)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(
    sample: Path, bundles: list[Path], matcher: Path, rate: float, loop: bool, out: Path
) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    started = time.monotonic()
    recording, truth = read_truth(sample / 'bag', round(WINDOW_SECONDS * 1e9))
    sightings = Sightings(recording)
    items = read_items(sample / 'gallery')
    cameras = sample / 'cameras.yaml'
    table = LiveTable(recording.start_ns)
    out.mkdir(parents=True, exist_ok=True)
    isolate_this_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    parts: list[Part] = []
    with (
        (out / 'matches.jsonl').open('w', encoding='utf-8') as matches,
        (out / 'sightings.jsonl').open('w', encoding='utf-8') as sighted,
    ):
        parts.append(RetrievalPart(recording, truth, items, bundles, matches, table))
        if sightings.shown:
            parts.append(MatchingPart(recording, sightings, matcher, cameras, out, sighted, table))
        try:
            with Processes(out) as processes:
                start_page(processes, cameras if cameras.is_file() else None)
                _prepare(processes, parts, console)
                play(processes, recording, rate, loop, parts, table, console)
                for part in parts:
                    part.finish()
        finally:
            rclpy.try_shutdown()
            _conclude(parts, out, time.monotonic() - started, console)
    silent = {part.name: part.silent() for part in parts if part.silent()}
    if silent:
        missing = ', '.join(what for listed in silent.values() for what in listed)
        logs = ' and '.join(str(out / f'{name}.log') for name in silent)
        expected = 'answers to everything that is asked'
        raise InputError('demo', f'no answer for {missing}', expected, f'read {logs}')


def _prepare(processes: Processes, parts: list[Part], console: Console) -> None:
    """Start the nodes, bring them up, and show them what they should know."""
    begun = time.monotonic()
    for part in parts:
        part.start(processes)
    for part in parts:
        processes.bring_up(part.name)
    who = ' and '.join(part.name for part in parts)
    are, their = (
        ('nodes are', 'have loaded their') if len(parts) > 1 else ('node is', 'has loaded its')
    )
    console.print(f'{who} {are} up and {their} models: {time.monotonic() - begun:.1f} s')
    for part in parts:
        part.prepare(console)
    address = page_address(processes)
    told = f'live page: {address} (--loop keeps it)' if address else 'no live page: dashboard.log'
    console.print(told, highlight=False, soft_wrap=True)


def _conclude(parts: list[Part], out: Path, seconds: float, console: Console) -> None:
    counts: dict[str, dict[str, float]] = {}
    for part in parts:
        counts |= part.conclude(console)
    if counts:
        (out / 'summary.json').write_text(json.dumps(counts, indent=1) + '\n', 'utf-8')
        console.print(
            f'Every answer as a line of JSON: {out}/*.jsonl    (whole run: {seconds:.1f} s)',
            highlight=False,
        )
