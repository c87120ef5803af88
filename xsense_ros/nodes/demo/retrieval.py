# SPDX-License-Identifier: Apache-2.0
"""The part of the demo that asks the retrieval node: on topics, and on purpose by service."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

from rclpy.node import Node
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from xsense_ros.engines.bundle import Bundle
from xsense_ros.evaluation.truth import Truth
from xsense_ros.msg import MatchArray
from xsense_ros.names import MODALITIES
from xsense_ros.nodes.client import RetrievalClient, picture_sample, sound_sample
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.demo.answers import AnswerRow, asked_line
from xsense_ros.nodes.demo.asked import asked_questions
from xsense_ros.nodes.demo.outcome import Outcome, conclude
from xsense_ros.nodes.demo.part import QOS, Part
from xsense_ros.nodes.demo.processes import Processes
from xsense_ros.nodes.demo.table import LiveTable
from xsense_ros.nodes.echo import to_json
from xsense_ros.recording import Recording

# What comes on a topic is looked for among the views of its own kind; words, sketches, touches and
# knocks, of which nothing is remembered, among the pictures.
_TARGETS = dict.fromkeys(MODALITIES, 'image') | {'sound': 'sound'}


class RetrievalPart(Part):
    """What is sensed, and what it is taken for.

    Args:
        recording: that is played.
        truth: of it.
        items: that the node is shown first.
        bundles: folders of the models to use.
        file: gets each answer as a line of JSON.
        table: shows them.
    """

    def __init__(
        self,
        recording: Recording,
        truth: Truth,
        items: Sequence[dict[str, Any]],
        bundles: Sequence[Path],
        file: IO[str],
        table: LiveTable,
    ) -> None:
        super().__init__('retrieval')
        self._recording = recording
        self._truth = truth
        self._items = items
        self._labels = {item['item_id']: item['label'] for item in items}
        self._bundles = bundles
        self._file = file
        self._table = table
        self._heard: set[str] = set()
        offered = _modalities(bundles)
        kinds = {kind: sense for kind, sense in truth.kinds.items() if sense in offered}
        self._outcome = Outcome(kinds, truth.touches)

    def start(self, processes: Processes) -> None:
        """See `Part`."""
        bundles = json.dumps([str(bundle.resolve()) for bundle in self._bundles])
        parameters = {
            'bundles': bundles,
            'gallery': '":memory:"',
            **{f'{sense}.targets': f'[{target}]' for sense, target in _TARGETS.items()},
            'sound.window_seconds': str(self._truth.window_ns * 1e-9),
        }
        processes.start_node(self.name, parameters)

    def prepare(self, console: Console) -> None:
        """Show the node every picture and let it hear the sounds, by its service."""
        columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn())
        begun = time.monotonic()
        quiet = not console.is_terminal
        progress = Progress(*columns, console=console, transient=True, disable=quiet)
        with RetrievalClient() as client, progress as bar:
            for item in bar.track(self._items, description='showing and sounding things'):
                views = [picture_sample(item['picture'])] if 'picture' in item else []
                if 'sound' in item:
                    views.append(sound_sample(item['sound']))
                client.enroll(item['label'], views, item_id=item['item_id'])
        seconds = time.monotonic() - begun
        both = sum('sound' in item and 'picture' in item for item in self._items)
        heard = sum('picture' not in item for item in self._items)
        console.print(
            f'it has been shown {len(self._items) - heard} things, has heard {both} of them, and '
            f'has only heard {heard} more: {seconds:.1f} s'
        )

    def listen(self, node: Node) -> None:
        """See `Part`."""
        node.create_subscription(MatchArray, 'matches', self._hear, QOS)

    def _hear(self, message: MatchArray) -> None:
        self.heard_at = time.monotonic()
        self._file.write(to_json(message) + '\n')
        sense, stamp_ns = message.query_modality, stamp_to_ns(message.header.stamp)
        self._heard.add(sense)
        self._table.hear(sense, stamp_ns)
        about = self._truth.of(sense, stamp_ns)
        if about is None:
            return
        lap, event = about
        self._outcome.add(message, event)
        self._outcome.rounds = max(self._outcome.rounds, lap + 1)
        make = partial(AnswerRow, event, self._table.seconds(event.begin_ns), self._labels)
        self._table.row(about, make).take(message)

    def finish(self) -> None:
        """Ask, on purpose and by service, what is to be answered in the other sense."""
        questions = asked_questions(self._recording, self._truth.window_ns)
        if not questions:
            return
        print('\nAsked on purpose, by service, to be answered in the other sense:', flush=True)
        with RetrievalClient() as client:
            for question in questions:
                answer = client.query(question.sample, [question.target], top_k=5)
                self._file.write(to_json(answer) + '\n')
                self._outcome.add(answer, question.event)
                line = asked_line(question.event, question.target, answer, self._labels)
                print(line, flush=True)

    def conclude(self, console: Console) -> dict[str, dict[str, float]]:
        """See `Part`."""
        return conclude(self._outcome, self._items, self._recording, console)

    def silent(self) -> list[str]:
        """Senses without an answer."""
        asked = dict.fromkeys(self._outcome.senses.values())
        return [sense for sense in asked if sense not in self._heard]


def _modalities(bundles: Sequence[Path]) -> set[str]:
    """Modalities that some bundles have towers for."""
    spaces = [
        space
        for folder in bundles
        for space in Bundle.open(folder, verify=False).manifest.spaces.values()
    ]
    return {modality for space in spaces for modality in space.towers}
