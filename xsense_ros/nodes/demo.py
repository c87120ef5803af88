# SPDX-License-Identifier: Apache-2.0
"""`xsense demo`: a robot whose senses were recorded sees, hears and feels, over real DDS."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import click
import rclpy
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.errors import InputError, XsenseError
from xsense_ros.names import BUNDLES, MODALITIES
from xsense_ros.nodes.client import RetrievalClient, picture_sample, sound_sample
from xsense_ros.nodes.dds import isolate_this_process
from xsense_ros.nodes.demo_outcome import Outcome, conclude
from xsense_ros.nodes.demo_play import ask, play
from xsense_ros.nodes.demo_processes import Processes
from xsense_ros.nodes.demo_score import read_truth
from xsense_ros.nodes.lifecycle_client import LifecycleClient
from xsense_ros.resources import find_resource

WINDOW_SECONDS = 2.0
_PLAIN_WIDTH = 120  # of lines that go to a file or a pipe
# What comes on a topic is looked for among the views of its own kind; words, sketches, touches and
# knocks, of which nothing is remembered, among the pictures.
_TARGETS = dict.fromkeys(MODALITIES, 'image') | {'sound': 'sound'}
_NODE = 'xsense_ros.nodes.retrieval_node'


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
    help='Folder for matches.jsonl and the logs of the processes.',
)
def demo(
    sample: Path | None, bundles: tuple[str, ...], rate: float, loop: bool, out: Path
) -> None:
    """See, hear, read, be drawn to and touch: the retrieval node over DDS, fed by a recording.

    Starts the node and the replay as processes of their own, shows the node a gallery of pictures,
    plays the recording, and compares what the node answers with what was really there.

    \b
    Examples:
      xsense demo
      xsense demo --rate 1 --loop
    """
    with contextlib.suppress(KeyboardInterrupt):
        # SIGTERM ends it like Ctrl-C, so that the children are ended too.
        signal.signal(signal.SIGTERM, _interrupt)
        folder = sample or find_resource('samples/robot_home')
        outcome = _run(folder, bundles, rate, loop, out)
        asked = dict.fromkeys(outcome.senses.values())
        silent = [sense for sense in asked if sense not in outcome.newest_ns]
        if silent:
            cure = f'read the logs in {out}'
            expected = 'answers for every sense'
            raise InputError('demo', f'no answer for {", ".join(silent)}', expected, cure)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(sample: Path, bundles: tuple[str, ...], rate: float, loop: bool, out: Path) -> Outcome:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    started = time.monotonic()
    window_ns = round(WINDOW_SECONDS * 1e9)
    recording, truth = read_truth(sample / 'bag', window_ns)
    items = _read_items(sample / 'gallery')
    folders = [find_bundle(bundle) for bundle in bundles]
    out.mkdir(parents=True, exist_ok=True)
    isolate_this_process()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    offered = _modalities(folders)
    kinds = {kind: sense for kind, sense in truth.kinds.items() if sense in offered}
    outcome = Outcome(kinds, truth.touches)
    try:
        with Processes(out) as processes:
            _start_node(processes, folders)
            _bring_up(processes, console)
            _enroll(items, console)
            with (out / 'matches.jsonl').open('w', encoding='utf-8') as file:
                play(processes, recording, truth, items, rate, loop, outcome, file, console)
                ask(recording, window_ns, items, outcome, file)
    finally:
        rclpy.try_shutdown()
        if outcome.newest_ns:
            conclude(outcome, items, recording, out, time.monotonic() - started, console)
    return outcome


def _modalities(bundles: list[Path]) -> set[str]:
    """Modalities that some bundles have towers for."""
    spaces = [
        space
        for folder in bundles
        for space in Bundle.open(folder, verify=False).manifest.spaces.values()
    ]
    return {modality for space in spaces for modality in space.towers}


def _read_items(folder: Path) -> list[dict[str, Any]]:
    """Entries of items.json, with the paths of pictures and sounds made whole."""
    try:
        items = json.loads((folder / 'items.json').read_text('utf-8'))
        return [
            item | {kind: folder / item[kind] for kind in ('picture', 'sound') if kind in item}
            for item in items
            if item['item_id'] and item['label'] and ('picture' in item or 'sound' in item)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        cure = 'make it again: xsense-train data record-sample'
        raise InputError(
            'gallery of the sample', str(folder), f'a folder with items.json ({error!r})', cure
        ) from error


def _start_node(processes: Processes, bundles: list[Path]) -> None:
    parameters = {
        'use_sim_time': 'true',  # the recorded time, which runs faster than ours
        'bundles': json.dumps([str(bundle.resolve()) for bundle in bundles]),
        'gallery': '":memory:"',
        'keep_media': 'false',
        **{f'{sense}.targets': f'[{target}]' for sense, target in _TARGETS.items()},
        'sound.window_seconds': str(WINDOW_SECONDS),
    }
    options = [part for name, value in parameters.items() for part in ('-p', f'{name}:={value}')]
    processes.start('retrieval', _NODE, '--ros-args', *options)


def _bring_up(processes: Processes, console: Console) -> None:
    """Configure and activate the node, as a lifecycle manager would."""
    helper = rclpy.create_node('demo_lifecycle', start_parameter_services=False)
    lifecycle = LifecycleClient(helper, 'retrieval', timeout=60.0)
    begun = time.monotonic()
    try:
        lifecycle.bring_up()
    except XsenseError:
        processes.check_alive('retrieval')  # its death says more than its silence
        console.print(processes.tail('retrieval'), highlight=False, markup=False)
        raise
    finally:
        lifecycle.close()
        helper.destroy_node()
    seconds = time.monotonic() - begun
    console.print(f'retrieval node is up and has loaded its models: {seconds:.1f} s')


def _enroll(items: list[dict[str, Any]], console: Console) -> None:
    """Show the node every picture of the gallery and let it hear the sounds, by its service."""
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn())
    begun = time.monotonic()
    quiet = not console.is_terminal
    progress = Progress(*columns, console=console, transient=True, disable=quiet)
    with RetrievalClient() as client, progress as bar:
        for item in bar.track(items, description='showing and sounding things'):
            views = [picture_sample(item['picture'])] if 'picture' in item else []
            if 'sound' in item:
                views.append(sound_sample(item['sound']))
            client.enroll(item['label'], views, item_id=item['item_id'])
    seconds = time.monotonic() - begun
    both = sum('sound' in item and 'picture' in item for item in items)
    heard = sum('picture' not in item for item in items)
    console.print(
        f'it has been shown {len(items) - heard} things, has heard {both} of them, and has only '
        f'heard {heard} more: {seconds:.1f} s'
    )
