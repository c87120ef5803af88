# SPDX-License-Identifier: Apache-2.0
"""The demo as a user runs it, on the first ten seconds of the sample recording."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from xsense_ros.msg import HeterologousMatch, Match, MatchArray

from xsense_ros.evaluation.truth import Truth
from xsense_ros.nodes.demo.processes import ProcessError, Processes
from xsense_ros.nodes.demo.sightings import Sightings
from xsense_ros.recording import Recording
from xsense_ros.resources import find_resource

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]  # processes start, one after another
SECONDS = 10


@pytest.fixture(scope='module')
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with the beginning of its recording."""
    whole = find_resource('samples/robot_home')
    folder = tmp_path_factory.mktemp('sample')
    for part in ('gallery', 'cameras.yaml'):
        (folder / part).symlink_to(whole / part)
    cut(whole / 'bag', folder / 'bag', SECONDS)
    return folder


def cut(whole: Path, to: Path, seconds: float, without: Sequence[str] = ()) -> None:
    """Write the beginning of a bag."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name in ('AudioChunk', 'TextStamped'):
        definition = find_resource(f'msg/{name}.msg').read_text('utf-8')
        store.register(get_types_from_msg(definition, f'xsense_ros/msg/{name}'))
    writer = Writer(to, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with Reader(whole) as reader, writer:
        kept = [c for c in reader.connections if c.topic not in without]
        connections = {
            c.topic: writer.add_connection(c.topic, c.msgtype, typestore=store) for c in kept
        }
        for connection, time_ns, data in reader.messages(connections=kept):
            if time_ns < reader.start_time + seconds * 1e9:
                writer.write(connections[connection.topic], time_ns, data)


def command(sample: Path, out: Path, *options: str) -> list[str]:
    demo = [sys.executable, '-m', 'xsense_ros.cli', 'demo']
    return [*demo, '--sample', str(sample), '--out', str(out), *options]


@pytest.fixture(scope='module')
def run(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Folder and output of a whole run."""
    out = tmp_path_factory.mktemp('demo')
    done = subprocess.run(
        command(sample, out, '--rate', '3'), capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield out, done.stdout


def check(value: Any, kind: str) -> None:
    """Fails where a JSON value does not fit the type of a message's field."""
    if kind == 'std_msgs/Header':
        assert set(value) == {'stamp', 'frame_id'} and set(value['stamp']) == {'sec', 'nanosec'}
    elif kind.startswith('sequence<'):
        for element in value:
            check(element, kind[len('sequence<') : -1])
    elif kind == 'xsense_ros/Match':
        check_fields(value, Match)
    else:
        python = {'string': str, 'boolean': bool, 'float': float}.get(kind, int)
        assert isinstance(value, python), (value, kind)


def check_fields(value: dict[str, Any], message: type[Any]) -> None:
    kinds = message.get_fields_and_field_types()
    assert list(value) == list(kinds)
    for name, kind in kinds.items():
        check(value[name], kind)


class TestWholeRun:
    def test_every_line_is_a_match_array(self, run: tuple[Path, str], sample: Path) -> None:
        lines = (run[0] / 'matches.jsonl').read_text('utf-8').splitlines()
        answers = [json.loads(line) for line in lines]
        items = json.loads(find_resource('samples/robot_home/gallery/items.json').read_text())
        for answer in answers:
            check_fields(answer, MatchArray)
            assert [match['rank'] for match in answer['matches']] == list(
                range(1, len(answer['matches']) + 1)
            )
            assert answer['gallery_version'] == len(items)
        senses = Truth(Recording.open(sample / 'bag'), 2 * 10**9).senses
        assert {answer['query_modality'] for answer in answers} == set(senses)

    def test_headers_are_those_of_the_queries(self, run: tuple[Path, str], sample: Path) -> None:
        recording = Recording.open(sample / 'bag')
        truth = Truth(recording, 2 * 10**9)
        asked = {event.begin_ns for event in truth.events['text']}
        for line in (run[0] / 'matches.jsonl').read_text('utf-8').splitlines():
            answer = json.loads(line)
            stamp = answer['header']['stamp']
            stamp_ns = stamp['sec'] * 10**9 + stamp['nanosec']
            sense = answer['query_modality']
            frames = {
                'image': 'camera',
                'sketch': 'tablet',
                'sound': 'microphone',
                'text': 'operator',
                'touch': 'GS-0003',
                'impact': 'contact microphone',
            }
            assert answer['header']['frame_id'] == frames[sense]
            assert 0 <= stamp_ns - recording.start_ns <= SECONDS * 10**9
            if sense == 'text':
                assert stamp_ns in asked and answer['query_text']

    def test_every_text_is_answered_and_things_are_recognised(self, run: tuple[Path, str]) -> None:
        scores = json.loads((run[0] / 'summary.json').read_text())
        assert scores['text -> picture']['answers'] == 4
        assert scores['sketch -> picture']['answers'] == 4
        assert scores['sound -> sound']['answers'] > 0
        seen = scores['picture -> picture']
        assert seen['known'] > 0
        # Fox and zebra are easy; chance is one in 72.
        assert seen['first'] >= 0.3 * seen['known']
        assert scores['picture -> sound, by kind']['answers'] == 1
        assert scores['sound -> picture, by kind']['answers'] == 1
        # Nothing is asked where nothing is touched.
        assert 2 <= scores['touch -> picture']['answers'] <= 3
        assert scores['touch -> picture']['strangers'] == 0
        assert 2 <= scores['knock -> picture']['answers'] <= 3

    def test_evaluation_without_ros_says_the_same(
        self, run: tuple[Path, str], sample: Path, tmp_path: Path
    ) -> None:
        """`xsense evaluate` asks the same windows of the same bag, and ranks the same items."""
        file = tmp_path / 'answers.jsonl'
        evaluate = [sys.executable, '-m', 'xsense_ros.cli', 'evaluate', str(sample / 'bag')]
        evaluate += ['--gallery', str(sample / 'gallery'), '--answers', str(file), '--json']
        done = subprocess.run(evaluate, capture_output=True, text=True, timeout=250)
        assert done.returncode == 0, done.stderr
        offline = {
            (answer['query_modality'], answer['stamp_ns'], answer['target_modality']): answer
            for answer in map(json.loads, file.read_text('utf-8').splitlines())
        }
        compared = set()
        for line in (run[0] / 'matches.jsonl').read_text('utf-8').splitlines():
            live = json.loads(line)
            (target,), stamp = live['target_modalities'], live['header']['stamp']
            sense = live['query_modality']
            key = (sense, stamp['sec'] * 10**9 + stamp['nanosec'], target)
            if key not in offline:
                # Sound between two events has no truth; a touch of which DDS dropped a frame may
                # be that of another; the rest is asked by service.
                assert sense in ('sound', 'touch') or (sense, target) == ('image', 'sound'), key
                continue
            compared.add(sense)
            assert live['accepted'] == offline[key]['accepted']
            for one, other in zip(live['matches'], offline[key]['matches'], strict=True):
                assert one['item_id'] == other['item_id']
                assert one['probability'] == pytest.approx(other['probability'], abs=1e-5)
        assert compared == set(Truth(Recording.open(sample / 'bag'), 2 * 10**9).senses)

    def test_template_is_looked_for_in_heat(self, run: tuple[Path, str], sample: Path) -> None:
        """The beginning of the flight shows one template; its last frames do not hold it."""
        sightings = Sightings(Recording.open(sample / 'bag'))
        (names,) = sightings.shown.values()
        (name,) = names
        lines = (run[0] / 'sightings.jsonl').read_text('utf-8').splitlines()
        answers = [json.loads(line) for line in lines]
        assert answers
        for answer in answers:
            assert list(answer) == list(HeterologousMatch.get_fields_and_field_types())
            assert answer['template_id'] == name and answer['header']['frame_id'] == 'infrared'
            assert answer['template_header']['frame_id'] == 'visible'
            apart = [answer[key]['stamp']['nanosec'] for key in ('header', 'visible_header')]
            assert apart[0] - apart[1] == 6_000_000, 'the visible frame of the same instant'
        score = json.loads((run[0] / 'summary.json').read_text())[f'{name} -> heat']
        assert 2 <= score['there'] + score['gone'] <= len(answers)
        assert (run[0] / 'matching.jpg').stat().st_size > 10_000

    def test_says_what_it_does(self, run: tuple[Path, str]) -> None:
        out = run[1]
        for words in (
            '3 times as fast',
            'sees ',
            'reads "a fox"',
            'is drawn',
            'touches ',
            'knocks on ',
            'finds in heat target 1',
            'recognised',
            'a blind guess',
        ):
            assert words in out
        assert '\x1b' not in out, 'no escape codes where nobody reads them'
        for node in ('retrieval', 'matching'):
            assert 'active' in (run[0] / f'{node}.log').read_text()
        assert 'messages replayed' in (run[0] / 'replay.log').read_text()


def test_ctrl_c_leaves_no_process(sample: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(sample, tmp_path, '--loop', '--rate', '3'),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell's background job ignores SIGINT, and passes that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if 'sees fox' in line:
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) == 4  # two nodes, the page and the replay
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(30) == 0, rest
    assert 'Traceback' not in rest and 'Answers compared' in rest
    assert not [child for child in children if child.is_running()]


@pytest.mark.parametrize('option', ['--bundle', '--matcher'])
def test_bundle_that_is_not_there(sample: Path, tmp_path: Path, option: str) -> None:
    done = subprocess.run(
        command(sample, tmp_path, option, 'nothing'), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith('Error: bundle:') and 'Traceback' not in done.stderr


def test_node_that_says_nothing_fails_the_demo(sample: Path, tmp_path: Path) -> None:
    """Without visible frames no template is set, so that nothing is looked for."""
    mute = tmp_path / 'sample'
    (mute / 'gallery').mkdir(parents=True)
    (mute / 'cameras.yaml').symlink_to(sample / 'cameras.yaml')
    items = json.loads((sample / 'gallery' / 'items.json').read_text('utf-8'))
    seen = next(item for item in items if 'picture' in item)
    seen['picture'] = str(sample / 'gallery' / seen['picture'])
    (mute / 'gallery' / 'items.json').write_text(json.dumps([seen]), 'utf-8')
    cut(sample / 'bag', mute / 'bag', 5.0, without=('/visible/image/compressed',))
    done = subprocess.run(
        command(mute, tmp_path / 'out'), capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    assert 'no answer for' in done.stderr and 'target 1' in done.stderr
    assert f'{tmp_path}/out/matching.log' in done.stderr.replace('\n', '')


class TestProcesses:
    def test_failure_shows_the_end_of_the_log(self, tmp_path: Path) -> None:
        with Processes(tmp_path) as processes:
            processes.start('broken', 'no_such_module')
            with pytest.raises(ProcessError, match='No module named no_such_module'):
                while not processes.ended('broken'):
                    time.sleep(0.01)

    def test_end_of_one_that_should_run_on(self, tmp_path: Path) -> None:
        with Processes(tmp_path) as processes:
            processes.start('short', 'this')
            with pytest.raises(ProcessError, match='its end'):
                while True:
                    processes.check_alive('short')
                    time.sleep(0.01)

    def test_ends_all(self, tmp_path: Path) -> None:
        with Processes(tmp_path) as processes:
            processes.start('server', 'http.server', '0', '--bind', '127.0.0.1')
            (child,) = psutil.Process(os.getpid()).children()
        assert not child.is_running()


def test_the_demo_names_its_live_page(run: tuple[Path, str]) -> None:
    out, said = run
    address = said.partition('live page: ')[2].partition(' ')[0]
    assert address.startswith('http://127.0.0.1:')
    assert f'the live page is at {address}' in (out / 'dashboard.log').read_text()
