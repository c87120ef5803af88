# SPDX-License-Identifier: Apache-2.0
"""Rules about what the nodes tell of themselves: engines, gallery, answers, drops, complaints."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.doctor.seen import ANSWERS, CAMERA, robot, status, topic
from xsense_ros.doctor import answers, complaints, drops, engines, remembered
from xsense_ros.doctor.finding import Level, from_message
from xsense_ros.doctor.observation import Observation, Reply, Status
from xsense_ros.errors import InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View


def telling(part: str, told: Status, **changes: object) -> Observation:
    """A robot of which one part tells something else."""
    node = robot().nodes[0]
    return robot(nodes=[replace(node, status={**node.status, part: told}, **changes)])


class TestEngines:
    def test_what_runs_where(self) -> None:
        kinds = ('tensorrt on H200, fp16', 'onnxruntime on cpu, fp32')
        told = status(a=f'{kinds[0]}, 1 threads', b=f'{kinds[1]}, 2 threads')
        outcome = engines.judge(telling('engine', told))
        assert outcome.well == f'1 models by {kinds[0]}; 1 models by {kinds[1]}'
        assert not outcome.findings

    def test_building(self) -> None:
        told = status(tower='onnxruntime on cpu, fp32, 1 threads; building for 12 s')
        (finding,) = engines.judge(telling('engine', told)).findings
        assert finding.level == Level.NOTE and 'tower: building for 12 s' in finding.seen

    def test_never_built(self) -> None:
        parameters = {'backends': ['tensorrt', 'onnxruntime'], 'engines.build': 'never'}
        told = status(tower='onnxruntime on cpu, fp32, 1 threads')
        (finding,) = engines.judge(telling('engine', told, parameters=parameters)).findings
        assert finding.settings == {'engines.build': 'auto'}


class TestRemembered:
    def test_nothing(self) -> None:
        (finding,) = remembered.judge(telling('gallery', status(items=0, file='g.db'))).findings
        assert 'g.db' in finding.seen and 'xsense enroll' in finding.cure
        assert remembered.judge(robot()).well == '3 items remembered'

    def test_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / 'gallery.db'
        vector = np.eye(4, dtype=np.float32)[0]
        with Gallery.open(file, {'toy': 'a' * 64}) as gallery:
            gallery.enroll('mug', [View('image', {'toy': vector})], 'mug')
            gallery.enroll('fox', [View('image', {'toy': vector})], 'fox')
            gallery.forget('fox')
        before = file.read_bytes()
        outcome = remembered.judge_file(file, {'toy': 'a' * 64})
        assert 'gallery of 1 items' in outcome.well and 'toy aaaaaaaa' in outcome.well
        (finding,) = remembered.judge_file(file, {'toy': 'b' * 64}).findings
        assert 'space toy' in finding.seen and f'xsense gallery rebuild {file}' in finding.cure
        assert file.read_bytes() == before
        with Gallery.open(file) as gallery:
            gallery.forget('mug')
        # An empty one is filled anew by whatever models there are.
        assert not remembered.judge_file(file, {'toy': 'b' * 64}).findings

    def test_no_file_and_no_gallery(self, tmp_path: Path) -> None:
        file = tmp_path / 'gallery.db'
        assert remembered.judge_file(file, {}).well == 'no gallery yet' and not file.exists()
        file.write_bytes(b'not a database' * 100)
        (finding,) = remembered.judge_file(file, {}).findings
        assert finding.level == Level.ERROR and 'cannot be read' in finding.seen
        sqlite3.connect(tmp_path / 'other.db').execute('CREATE TABLE t (a)')
        assert remembered.judge_file(tmp_path / 'other.db', {}).findings


class TestAnswers:
    def test_percentiles(self) -> None:
        values = list(range(100))
        assert [answers.percentile(values, share) for share in (0, 0.5, 0.95, 1)] == [
            0,
            50,
            95,
            99,
        ]

    def test_none_although_samples_come(self) -> None:
        (finding,) = answers.judge(robot(replies={ANSWERS: []})).findings
        assert finding.level == Level.ERROR and CAMERA in finding.seen

    def test_refused_ones_are_told_elsewhere(self) -> None:
        told = status(sense='image', refused=5, before={'refused': '0'})
        seen = replace(telling(CAMERA, told), replies={ANSWERS: []})
        assert not answers.judge(seen).findings

    def test_nothing_looked_for(self) -> None:
        told = status(message='none')
        seen = replace(telling('templates', told), replies={ANSWERS: []})
        (finding,) = answers.judge(seen).findings
        assert 'set_template' in finding.cure

    def test_slow_uncertain_and_in_vain(self) -> None:
        slow = robot(replies={ANSWERS: [Reply('image', True, 3000.0)] * 6})
        assert 'answers take 3000 ms (p50)' in answers.judge(slow).findings[0].seen
        unknown = robot(replies={ANSWERS: [Reply('image', False, 20.0)] * 12})
        (finding,) = answers.judge(unknown).findings
        assert 'none of 12 answers is certain' in finding.seen and finding.level == Level.NOTE
        alone = robot(topics=[topic(ANSWERS, 'M', ['/retrieval'], [])])
        assert answers.judge(alone).findings[0].seen == 'nobody listens'


class TestDrops:
    def test_passed_over_is_a_note_lost_sound_is_not(self) -> None:
        before = {'received': '100', 'dropped': '10', 'chunks_lost': '1'}
        told = Status(0, '', {'received': '200', 'dropped': '60'}, before, 4.0)
        (finding,) = drops.judge(telling(CAMERA, told)).findings
        assert finding.level == Level.NOTE and '50 of 100' in finding.seen
        compressed = f'{CAMERA}/compressed'
        figures = {'sense': 'image', 'received': '500'}
        told = {
            CAMERA: Status(0, '', {**figures, 'dropped': '110'}, before, 4.0),
            compressed: Status(0, '', figures, before, 4.0),
        }
        pair = [topic(compressed, 'Compressed')]
        changed = {'status': told, 'hears': [CAMERA, compressed]}
        (finding,) = drops.judge(robot(changed, pair)).findings
        assert '100 of 800' in finding.seen and finding.subject == f'{CAMERA} or {compressed}'
        told = Status(
            0, '', {'sense': 'sound', 'received': '200', 'chunks_lost': '4'}, before, 4.0
        )
        (finding,) = drops.judge(telling(CAMERA, told)).findings
        assert finding.level == Level.WARNING and 'lost 3 chunks' in finding.seen


class TestComplaints:
    ERROR = InputError('image encoding', 'x', 'one of rgb8', 'convert it')

    def test_what_is_present_and_what_was_counted(self) -> None:
        message = str(self.ERROR)
        told = {'image encoding: count': '7', 'image encoding: last': message}
        seen = telling(CAMERA, Status(1, message, told, told, 4.0))
        (finding,) = complaints.judge(seen).findings
        assert (finding.subject, finding.level) == (CAMERA, Level.WARNING)
        assert finding.seen == "image encoding: 'x'" and finding.cure == 'convert it'
        # Hidden behind a worse fault, but counted while it was watched.
        hidden = Status(0, 'fine', told, {**told, 'image encoding: count': '6'}, 4.0)
        assert len(complaints.judge(telling(CAMERA, hidden)).findings) == 1
        # Long over.
        assert not complaints.judge(telling(CAMERA, Status(0, 'fine', told, told, 4.0))).findings

    @pytest.mark.parametrize('kind', ['incompatible QoS', 'zero stamp', 'future stamp'])
    def test_what_other_rules_see_better(self, kind: str) -> None:
        told = {f'{kind}: count': '7', f'{kind}: last': 'bad'}
        assert not complaints.judge(telling(CAMERA, Status(1, 'bad', told, {}, 4.0))).findings

    def test_errors(self) -> None:
        told = {'activate failed: count': '1', 'activate failed: last': 'cannot activate: oh'}
        seen = telling('lifecycle', Status(2, 'cannot activate: oh', told, told, 4.0))
        (finding,) = complaints.judge(seen).findings
        assert finding.level == Level.ERROR and finding.subject == '/retrieval lifecycle'
        assert 'docs/troubleshooting.md' in finding.cure


class TestFromMessage:
    def test_an_error_of_this_package(self) -> None:
        error = InputError('hop', 3, 'at most 2 (a. b)', 'shorten it. Or not')
        finding = from_message(Level.ERROR, 'x', f'cannot configure: {error}')
        assert finding.seen == 'cannot configure: hop: 3'
        assert finding.expected == 'at most 2 (a. b)' and finding.cure == 'shorten it. Or not'

    def test_any_text(self) -> None:
        finding = from_message(Level.NOTE, 'x', 'it broke. Cure: mend it')
        assert (finding.seen, finding.cure) == ('it broke', 'mend it')
        assert from_message(Level.NOTE, 'x', 'it broke').seen == 'it broke'
