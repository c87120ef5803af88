# SPDX-License-Identifier: Apache-2.0
"""What a recording says of templates: when each is shown, and where it is in infrared frames."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from rclpy.serialization import deserialize_message

from xsense_ros.evaluation.events import NOTHING
from xsense_ros.evaluation.score import percentile
from xsense_ros.matching.boxes import centres, overlap
from xsense_ros.msg import HeterologousMatch, TextStamped
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.recording import Recording

SHOWN, TRUTH = '/truth/template', '/truth/match'
CLOSE = 5.0  # pixels of the infrared frame, along each axis, between a hit and the truth
HALF = 0.5  # overlap of a box that is counted as right

Box = tuple[float, float, float, float]


@dataclass
class Stretch:
    """Infrared frames in a row, all of which hold a template, or none of which does.

    Attributes:
        template: its name.
        begin_ns, end_ns: stamps of the first frame, and of the first moment after the last one.
        boxes: stamp of each frame -> where the template is, in its pixels; None where it is not.
    """

    template: str
    begin_ns: int
    end_ns: int
    boxes: dict[int, Box | None] = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """Whether the template is in these frames."""
        return next(iter(self.boxes.values())) is not None


class Sightings:
    """The truth about templates, by stamp.

    Args:
        recording: with a box under /truth/template for each visible frame that shows one, and
            under /truth/match for each infrared frame that it should be looked for in: ``text`` is
            [x, y, width, height] in pixels, '' where it is not in the frame; ``header.frame_id``
            its name. Frames that only hold a part of it are left out.

    Attributes:
        shown: stamp of a visible frame -> boxes in it, by name.
        stretches: in order of time.
    """

    def __init__(self, recording: Recording) -> None:
        self._start_ns, self._period_ns = recording.start_ns, recording.duration_ns
        self.shown: dict[int, dict[str, Box]] = {}
        self.stretches: list[Stretch] = []
        self._by_frame: dict[tuple[str, int], Stretch] = {}
        newest: dict[str, Stretch] = {}
        topics = [topic for topic in (SHOWN, TRUTH) if topic in recording.kinds]
        for message in recording.messages(topics) if topics else ():
            mark = deserialize_message(message.data, TextStamped)
            name, stamp_ns = mark.header.frame_id, stamp_to_ns(mark.header.stamp)
            if message.topic == SHOWN:
                self.shown.setdefault(stamp_ns, {})[name] = _box(mark.text)
                continue
            box = None if mark.text == NOTHING else _box(mark.text)
            stretch = newest.get(name)
            if stretch is None or stretch.there != (box is not None):
                stretch = newest[name] = Stretch(name, stamp_ns, stamp_ns + 1)
                self.stretches.append(stretch)
            stretch.boxes[stamp_ns] = box
            stretch.end_ns = stamp_ns + 1
            self._by_frame[name, stamp_ns] = stretch

    def lap(self, stamp_ns: int) -> tuple[int, int]:
        """The round of the loop (0 first), and the stamp as in the first round."""
        lap, inside = divmod(stamp_ns - self._start_ns, self._period_ns)
        return lap, self._start_ns + inside

    def of(self, template: str, stamp_ns: int) -> tuple[int, Stretch, Box | None] | None:
        """The round, the stretch and the true box of an infrared frame; None where not known."""
        lap, first_ns = self.lap(stamp_ns)
        stretch = self._by_frame.get((template, first_ns))
        return None if stretch is None else (lap, stretch, stretch.boxes[first_ns])

    def box(self, template: str, stamp_ns: int) -> Box | None:
        """The true box in an infrared frame; None where it is not in it."""
        about = self.of(template, stamp_ns)
        return None if about is None else about[2]


def _box(text: str) -> Box:
    x, y, width, height = json.loads(text)
    return float(x), float(y), float(width), float(height)


@dataclass
class MatchScore:
    """Counts of answers about one template.

    Attributes:
        there, gone: frames that hold it, and that do not.
        found, false_alarms: of each of them, how many it was found in.
        overlaps: intersection over union of what was found in frames that hold it.
        hits: of these, how many lie within CLOSE of the truth.
        latencies_ms: arrival to publication.
    """

    there: int = 0
    gone: int = 0
    found: int = 0
    false_alarms: int = 0
    hits: int = 0
    overlaps: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, message: HeterologousMatch, truth: Box | None) -> None:
        """Count an answer."""
        self.latencies_ms.append(message.total_ms)
        if truth is None:
            self.gone += 1
            self.false_alarms += message.found
            return
        self.there += 1
        self.found += message.found
        if message.found:
            box = message.box_infrared
            answer = (box.x, box.y, box.width, box.height)
            self.overlaps.append(float(overlap(answer, truth)))
            self.hits += bool((abs(centres(answer) - centres(truth)) <= CLOSE).all())

    @property
    def right(self) -> int:
        """Frames in which it was found and covers the truth well enough."""
        return sum(value >= HALF for value in self.overlaps)

    @property
    def mean_overlap(self) -> float:
        """Of what was found where it is; 0 where nothing was."""
        return sum(self.overlaps) / len(self.overlaps) if self.overlaps else 0.0

    def latency(self, percent: int) -> float:
        """Percentile of arrival to publication in ms."""
        return percentile(self.latencies_ms, percent)

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        times = {'p50_ms': self.latency(50), 'p99_ms': self.latency(99)}
        return counts | {'right': self.right, 'mean_overlap': self.mean_overlap} | times


_COUNTS = ('there', 'gone', 'found', 'false_alarms', 'hits')
