# SPDX-License-Identifier: Apache-2.0
"""The running part of the demo: a recording is played, every answer is shown and scored."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import IO, Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rich.console import Console
from rich.live import Live

from xsense_ros.msg import MatchArray
from xsense_ros.nodes.client import RetrievalClient
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.demo_asked import asked_questions
from xsense_ros.nodes.demo_outcome import Outcome
from xsense_ros.nodes.demo_processes import Processes
from xsense_ros.nodes.demo_score import Truth
from xsense_ros.nodes.demo_table import LiveTable, asked_line
from xsense_ros.nodes.echo import to_json
from xsense_ros.nodes.recording import Recording

_QUIET_SECONDS = 0.6  # without an answer, after which no more is expected
_REFRESH_SECONDS = 0.1
_REPLAY = 'xsense_ros.nodes.replay_node'


def play(
    processes: Processes,
    recording: Recording,
    truth: Truth,
    items: list[dict[str, Any]],
    rate: float,
    loop: bool,
    outcome: Outcome,
    file: IO[str],
    console: Console,
) -> None:
    """Replay the recording, and show, write and score every answer until it is over."""
    table = LiveTable(recording.start_ns, {item['item_id']: item['label'] for item in items})
    node = rclpy.create_node('demo', start_parameter_services=False)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    heard_at = time.monotonic()

    def hear(message: MatchArray) -> None:
        nonlocal heard_at
        heard_at = time.monotonic()
        file.write(to_json(message) + '\n')
        sense = message.query_modality
        stamp_ns = stamp_to_ns(message.header.stamp)
        outcome.newest_ns[sense] = stamp_ns
        about = truth.of(sense, stamp_ns)
        if about:
            outcome.add(message, about[1])
            outcome.rounds = max(outcome.rounds, about[0] + 1)
            table.add(*about, message)

    qos = QoSProfile(depth=200, reliability=QoSReliabilityPolicy.RELIABLE)
    subscription = node.create_subscription(MatchArray, 'matches', hear, qos)
    options = ['--rate', str(rate), '--clock', *(['--loop'] if loop else [])]
    processes.start('replay', _REPLAY, str(recording.path), *options)
    seconds = recording.duration_ns * 1e-9
    title = f'A recording of {seconds:.0f} s, played {rate:g} times as fast as it was recorded'
    with _display(table, title, console) as refresh:
        while True:
            executor.spin_once(timeout_sec=0.05)
            refresh(outcome)
            processes.check_alive('retrieval')
            if not processes.ended('replay'):
                heard_at = max(heard_at, time.monotonic())
            elif time.monotonic() - heard_at > _QUIET_SECONDS:
                break
    node.destroy_subscription(subscription)
    executor.shutdown()
    node.destroy_node()


def ask(
    recording: Recording,
    window_ns: int,
    items: list[dict[str, Any]],
    outcome: Outcome,
    file: IO[str],
) -> None:
    """Ask, on purpose and by service, what is to be answered in the other sense."""
    questions = asked_questions(recording, window_ns)
    if not questions:
        return
    print('\nAsked on purpose, by service, to be answered in the other sense:', flush=True)
    labels = {item['item_id']: item['label'] for item in items}
    with RetrievalClient() as client:
        for question in questions:
            answer = client.query(question.sample, [question.target], top_k=5)
            file.write(to_json(answer) + '\n')
            outcome.add(answer, question.event)
            line = asked_line(question.event, question.target, answer, labels)
            print(line, flush=True)


@contextlib.contextmanager
def _display(table: LiveTable, title: str, console: Console) -> Iterator[Any]:
    """A function that shows the state of things, called often: a live table, or lines."""
    if not console.is_terminal:
        console.print(title, highlight=False)

        def tell(outcome: Outcome, every: bool = False) -> None:
            for line in table.finished(outcome.newest_ns, every):
                print(line, flush=True)

        try:
            yield tell
        finally:
            for line in table.finished({}, every=True):
                print(line, flush=True)
        return
    shown_at = 0.0
    with Live(table.render(title), console=console, auto_refresh=False) as live:

        def show(outcome: Outcome) -> None:
            nonlocal shown_at
            if time.monotonic() - shown_at > _REFRESH_SECONDS:
                shown_at = time.monotonic()
                live.update(table.render(title), refresh=True)

        try:
            yield show
        finally:
            live.update(table.render(title), refresh=True)
