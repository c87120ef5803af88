# SPDX-License-Identifier: Apache-2.0
"""The part of the demo that shows the matching node things in visible light, to find in heat."""

from __future__ import annotations

import array
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future
from rich.console import Console
from sensor_msgs.msg import CompressedImage, Image

from xsense_ros.errors import InputError
from xsense_ros.msg import Box, HeterologousMatch
from xsense_ros.nodes.conversions import compressed_to_rgb, stamp_to_ns
from xsense_ros.nodes.demo.match_picture import draw_sightings
from xsense_ros.nodes.demo.part import QOS, Part
from xsense_ros.nodes.demo.processes import Processes
from xsense_ros.nodes.demo.sighted import SENSE, SightedRow, sighted_summary
from xsense_ros.nodes.demo.sightings import MatchScore, Sightings
from xsense_ros.nodes.demo.table import LiveTable
from xsense_ros.nodes.echo import to_json
from xsense_ros.recording import Recording
from xsense_ros.srv import SetTemplate

_FRAMES = 'visible/image/compressed'
# An answer that is sent before the node has discovered our end is lost: ask again.
_ASK_AGAIN_SECONDS = 0.5
_NOTES = """\
Land in visible light and in heat, seen from above by two cameras; no model was trained on it. The
mean IoU is that of what was found where it is; every share is of the frames with it, or without.
Some answers and the truth as a picture: {}\
"""


@dataclass
class _Asked:
    """A template on its way to the node."""

    request: Any  # SetTemplate.Request
    answer: Future
    time: float


class MatchingPart(Part):
    """What is shown in visible light, and where it is found in heat.

    Args:
        recording: that is played.
        sightings: truth of it.
        bundle: folder of the models to use.
        cameras: file of parameters that says how the two cameras look.
        out: folder for the picture.
        file: gets each answer as a line of JSON.
        table: shows them.
    """

    def __init__(
        self,
        recording: Recording,
        sightings: Sightings,
        bundle: Path,
        cameras: Path,
        out: Path,
        file: IO[str],
        table: LiveTable,
    ) -> None:
        super().__init__('matching')
        self._recording = recording
        self._sightings = sightings
        self._bundle = bundle
        self._cameras = cameras
        self._out = out
        self._file = file
        self._table = table
        names = [name for boxes in sightings.shown.values() for name in boxes]
        self._scores = {name: MatchScore() for name in names}
        self._answers: dict[tuple[str, int], HeterologousMatch] = {}  # of the first round
        self._rounds = 1
        self._client: Client | None = None
        self._asked: dict[str, _Asked] = {}

    def start(self, processes: Processes) -> None:
        """See `Part`."""
        # No frame is too old: recorded time runs faster than the node does.
        parameters = {'bundle': str(self._bundle.resolve()), 'stale_after': '0.0'}
        processes.start_node(self.name, parameters, self._cameras)

    def listen(self, node: Node) -> None:
        """See `Part`."""
        self._client = node.create_client(SetTemplate, f'{self.name}/set_template')
        node.create_subscription(CompressedImage, _FRAMES, self._show, QOS)
        node.create_subscription(HeterologousMatch, 'heterologous_matches', self._hear, QOS)

    def look(self) -> None:
        """Take the answers to the templates that were set.

        Raises:
            InputError: the node refuses one.
        """
        for name, asked in list(self._asked.items()):
            if asked.answer.done():
                del self._asked[name]
                answer = asked.answer.result()
                if not answer.success:
                    expected = 'one that the matching node takes'
                    raise InputError('template', name, expected, answer.message)
            elif time.monotonic() - asked.time > _ASK_AGAIN_SECONDS:
                self._ask(name, asked.request)

    def _show(self, message: CompressedImage) -> None:
        _, stamp_ns = self._sightings.lap(stamp_to_ns(message.header.stamp))
        for name, (x, y, width, height) in self._sightings.shown.get(stamp_ns, {}).items():
            rgb = compressed_to_rgb(message)
            rows, columns = rgb.shape[:2]
            image = Image(
                header=message.header, height=rows, width=columns, encoding='rgb8',
                step=3 * columns, data=array.array('B', rgb.tobytes()),
            )  # fmt: skip
            box = Box(x=x, y=y, width=width, height=height)
            self._ask(name, SetTemplate.Request(template_id=name, image=image, box=box))

    def _ask(self, name: str, request: Any) -> None:
        assert self._client is not None
        self._asked[name] = _Asked(request, self._client.call_async(request), time.monotonic())

    def _hear(self, message: HeterologousMatch) -> None:
        self.heard_at = time.monotonic()
        self._file.write(to_json(message) + '\n')
        name, stamp_ns = message.template_id, stamp_to_ns(message.header.stamp)
        self._table.hear(SENSE, stamp_ns)
        about = self._sightings.of(name, stamp_ns)
        if about is None:
            return
        lap, stretch, truth = about
        self._rounds = max(self._rounds, lap + 1)
        if not lap:
            self._answers[name, stamp_ns] = message
        self._scores[name].add(message, truth)
        make = partial(SightedRow, stretch, self._table.seconds(stretch.begin_ns))
        self._table.row((lap, name, stretch.begin_ns), make).take(message, truth)

    def conclude(self, console: Console) -> dict[str, dict[str, float]]:
        """See `Part`."""
        if not self._answers:
            return {}
        frames = dict.fromkeys(self._scores, 0)
        for stretch in self._sightings.stretches:
            frames[stretch.template] += self._rounds * len(stretch.boxes)
        console.print()
        console.print(sighted_summary(self._scores, frames))
        picture = self._out / 'matching.jpg'
        draw_sightings(self._recording, self._sightings, self._answers, picture)
        console.print(_NOTES.format(picture), highlight=False)
        return {f'{name} -> heat': score.as_dict() for name, score in self._scores.items()}

    def silent(self) -> list[str]:
        """Templates without an answer."""
        return [name for name, score in self._scores.items() if not score.latencies_ms]
