# SPDX-License-Identifier: Apache-2.0
"""How the demo counts what was found in heat, and what the flight of its sample holds."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import pytest
from rich.console import Console
from xsense_ros.msg import Box, HeterologousMatch

from xsense_ros.nodes.conversions import ns_to_stamp
from xsense_ros.nodes.demo.match_picture import draw_sightings
from xsense_ros.nodes.demo.sighted import SENSE, SightedRow, sighted_summary
from xsense_ros.nodes.demo.sightings import MatchScore, Sightings, Stretch
from xsense_ros.nodes.demo.table import LiveTable
from xsense_ros.recording import Recording
from xsense_ros.resources import find_resource

SECOND = 10**9
TRUTH = (10.0, 20.0, 40.0, 30.0)


@pytest.fixture(scope='module')
def recording() -> Recording:
    return Recording.open(find_resource('samples/robot_home') / 'bag')


@pytest.fixture(scope='module')
def sightings(recording: Recording) -> Sightings:
    return Sightings(recording)


def answer(
    x: float | None = None, *, stamp_ns: int = SECOND, name: str = 'roof', ms: float = 9.0
) -> HeterologousMatch:
    """Found so far to the right of the truth's left edge, or not found."""
    message = HeterologousMatch(
        template_id=name, found=x is not None, score=0.9, mode='window', total_ms=ms
    )
    message.header.stamp = ns_to_stamp(stamp_ns)
    if x is not None:
        message.box_infrared = Box(x=TRUTH[0] + x, y=TRUTH[1], width=TRUTH[2], height=TRUTH[3])
    return message


class TestSightings:
    def test_every_target_is_shown_then_there_then_gone(self, sightings: Sightings) -> None:
        names = [name for boxes in sightings.shown.values() for name in boxes]
        assert names == ['target 1', 'target 2', 'target 3']
        for shown_ns, boxes in sightings.shown.items():
            for name, (x, y, width, height) in boxes.items():
                assert x >= 0 and y >= 0 and x + width <= 256 and y + height <= 192
                assert min(width, height) >= 40 and max(width, height) <= 64
                of_it = [s for s in sightings.stretches if s.template == name]
                assert of_it[0].begin_ns > shown_ns
                assert of_it[0].there
                for one, other in itertools.pairwise(of_it):
                    assert one.there != other.there and one.end_ns <= other.begin_ns
        assert not all(s.there for s in sightings.stretches), 'none is ever out of view'

    def test_frame_that_is_asked_for_in_the_second_round(
        self, sightings: Sightings, recording: Recording
    ) -> None:
        stretch = sightings.stretches[0]
        stamp_ns, box = next(iter(stretch.boxes.items()))
        assert sightings.of(stretch.template, stamp_ns) == (0, stretch, box)
        again = stamp_ns + recording.duration_ns
        assert sightings.of(stretch.template, again) == (1, stretch, box)
        assert sightings.of(stretch.template, stamp_ns + 1) is None
        assert sightings.of('nobody', stamp_ns) is None
        assert sightings.box(stretch.template, stamp_ns) == box

    def test_recording_without_templates(self, tmp_path: Path, recording: Recording) -> None:
        kinds = {topic: kind for topic, kind in recording.kinds.items() if 'truth' not in topic}
        plain = Recording(recording.path, kinds, {}, recording.start_ns, recording.duration_ns)
        assert not Sightings(plain).shown and not Sightings(plain).stretches


class TestScore:
    def test_counts(self) -> None:
        score = MatchScore()
        score.add(answer(0), TRUTH)
        score.add(answer(5), TRUTH)  # 35 of 45 columns
        score.add(answer(20), TRUTH)  # 20 of 60
        score.add(answer(), TRUTH)
        score.add(answer(), None)
        score.add(answer(3), None)
        assert (score.there, score.gone, score.found, score.false_alarms) == (4, 2, 3, 1)
        assert score.overlaps == pytest.approx([1, 35 / 45, 20 / 60])
        assert (score.right, score.hits) == (2, 2)
        assert score.mean_overlap == pytest.approx((1 + 35 / 45 + 20 / 60) / 3)
        assert score.as_dict()['p50_ms'] == 9.0

    def test_nothing(self) -> None:
        assert MatchScore().mean_overlap == 0 and MatchScore().latency(50) == 0


class TestTable:
    @pytest.mark.parametrize(
        ('found', 'truth', 'words'),
        [
            ([0, 5, None], TRUTH, ('finds in heat roof x3', 'IoU 0.89', '2 of 3', 'found  ')),
            ([20, 20, None], TRUTH, ('IoU 0.33', '2 of 3', 'mistaken')),
            ([None, None, 0], TRUTH, ('IoU 1.00', '1 of 3', 'missed')),
            ([None, None], None, ('seeks in vain roof x2', '0 of 2', 'not there')),
            ([None, 1], None, ('seeks in vain roof x2', '1 of 2', 'false alarm')),
        ],
    )
    def test_line_of_a_stretch(
        self, found: list[float | None], truth: tuple[float, ...] | None, words: tuple[str, ...]
    ) -> None:
        boxes = dict.fromkeys(range(len(found)), truth)
        stretch = Stretch('roof', 0, len(found), boxes)  # type: ignore[arg-type]
        table = LiveTable(0)
        row = table.row('roof', lambda: SightedRow(stretch, 1.5))
        for x in found:
            row.take(answer(x), truth)  # type: ignore[arg-type]
        table.hear(SENSE, stretch.end_ns)
        (line,) = table.finished()
        assert line.startswith('  1.5 s  ') and line.endswith('  9 ms')
        for word in words:
            assert word in line
        assert len(row.cells()) == 7

    def test_summary_fits_a_terminal_of_120_columns(self) -> None:
        score = MatchScore()
        for _ in range(100):
            score.add(answer(0), TRUTH)
            score.add(answer(0), None)
        console = Console(width=120)
        with console.capture() as capture:
            console.print(sighted_summary({'target 1': score}, {'target 1': 250}))
        (line,) = [line for line in capture.get().splitlines() if 'target 1' in line]
        assert '…' not in capture.get()
        assert line.split() == [
            *('target', '1', '100', '100%', '1.00', '100%', '100%', '100', '100%', '9', '/', '9'),
            '50',
        ]


def test_picture(recording: Recording, sightings: Sightings, tmp_path: Path) -> None:
    answers = {}
    for stretch in sightings.stretches:
        for stamp_ns, box in stretch.boxes.items():
            message = answer(stamp_ns=stamp_ns, name=stretch.template)
            if box is not None:
                x, y, width, height = box
                message.found = True
                message.box_infrared = Box(x=x, y=y, width=width, height=height)
            message.visible_header.stamp = ns_to_stamp(stamp_ns - 6_000_000)
            answers[stretch.template, stamp_ns] = message
    file = tmp_path / 'matching.jpg'
    draw_sightings(recording, sightings, answers, file)
    picture = cv2.imread(str(file))
    assert picture.shape[1] >= 3 * 2 * 256 and picture.std() > 20
    file.unlink()
    draw_sightings(recording, sightings, {}, file)
    assert not file.exists(), 'nothing to draw'
