# SPDX-License-Identifier: Apache-2.0
"""The node as a process of its own: starting, signals, and what a kill leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import rclpy
from xsense_ros.msg import MatchArray, Sample
from xsense_ros.srv import Enroll

from tests.ros.harness import Operator
from tests.waiting import SECONDS, eventually
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.nodes.lifecycle_client import LifecycleClient

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A retrieval node in another process, and an operator here."""

    def __init__(self, bundle: Path, gallery: Path, log: Path, *arguments: str) -> None:
        self.namespace = f'/test_{uuid.uuid4().hex[:12]}'
        self._log = log
        command = [sys.executable, '-m', 'xsense_ros.nodes.retrieval_node', '--ros-args']
        command += ['--params-file', str(ROOT / 'config' / 'retrieval.yaml')]
        command += ['-r', f'__ns:={self.namespace}', '-p', f'bundles:=["{bundle}"]']
        command += ['-p', f'gallery:={gallery}', *arguments]
        with log.open('wb') as output:
            self.child = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {'OMP_NUM_THREADS': '1'},
            )
        self.operator = Operator(self.namespace)

    def log(self) -> str:
        return self._log.read_text()

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        self.operator.close()


@contextmanager
def process(*arguments) -> Iterator[Process]:
    running = Process(*arguments)
    try:
        yield running
    finally:
        running.close()


def test_autostart_answers_and_ends_cleanly(bundle: Path, tmp_path: Path) -> None:
    log = tmp_path / 'log'
    with process(bundle, tmp_path / 'gallery.db', log, '-p', 'autostart:=true') as running:
        operator = running.operator
        eventually(lambda: 'active: toy' in running.log() or running.child.poll() is not None)
        operator.enroll('red', 'green')
        matches = operator.listen(MatchArray, 'matches')
        message = operator.text('green')

        def answer() -> MatchArray | None:
            operator.publish('text', message)  # again, until the node knows of the listener
            return matches.messages[0] if matches.messages else None

        found = eventually(answer)
        assert found.header == message.header and found.matches[0].label == 'green'
        for _ in range(5):  # in the middle of work
            operator.publish('camera/image', operator.image('red'))
        running.child.send_signal(signal.SIGTERM)
        assert running.child.wait(SECONDS) == 0, running.log()
        assert 'Traceback' not in running.log(), running.log()
    with Gallery.open(tmp_path / 'gallery.db') as gallery:
        assert [item.label for item in gallery.items()] == ['red', 'green']


def test_managed_from_outside_and_interrupted(bundle: Path, tmp_path: Path) -> None:
    with process(bundle, tmp_path / 'gallery.db', tmp_path / 'log') as running:
        helper = rclpy.create_node(
            'helper', namespace=running.namespace, context=running.operator.context
        )
        client = LifecycleClient(helper, 'retrieval', timeout=SECONDS)
        client.bring_up()
        assert client.state() == 'active'
        client.close()
        helper.destroy_node()
        running.child.send_signal(signal.SIGINT)
        assert running.child.wait(SECONDS) == 0, running.log()
        assert 'Traceback' not in running.log(), running.log()


def test_unusable_parameter_is_one_clear_line(bundle: Path, tmp_path: Path) -> None:
    log = tmp_path / 'log'
    with process(bundle, tmp_path / 'gallery.db', log, '-p', 'text.targets:=["smell"]') as running:
        assert running.child.wait(SECONDS) == 2
        assert 'parameter text.targets: got' in running.log() and 'Cure:' in running.log()
        assert 'Traceback' not in running.log(), running.log()


def test_kill_in_the_middle_of_enrolling_loses_nothing_acknowledged(
    bundle: Path, tmp_path: Path
) -> None:
    path = tmp_path / 'gallery.db'
    acknowledged: list[str] = []
    arguments = ('-p', 'autostart:=true')
    with process(bundle, path, tmp_path / 'log', *arguments) as running:
        operator = running.operator
        client = operator.node.create_client(Enroll, 'retrieval/enroll')
        assert client.wait_for_service(SECONDS)
        killed, enough = threading.Event(), threading.Event()

        def enroll_on_and_on() -> None:
            number = 0
            while not killed.is_set():
                view = Sample(modality='image', image=operator.image('red', number))
                request = Enroll.Request(label=f'thing {number}', item_id=f'{number}')
                request.views = [view]
                answered = threading.Event()
                future = client.call_async(request)
                future.add_done_callback(lambda _, answered=answered: answered.set())
                # The first answers may be lost while both processes discover each other.
                if answered.wait(1.0) and future.result().success:
                    acknowledged.append(f'{number}')
                if len(acknowledged) >= 20:
                    enough.set()
                number += 1

        enrolling = threading.Thread(target=enroll_on_and_on)
        enrolling.start()
        try:
            assert enough.wait(SECONDS), running.log()
        finally:
            running.child.kill()
            running.child.wait()
            killed.set()
            enrolling.join()
    with Gallery.open(path) as gallery:
        stored = {item.item_id for item in gallery.items()}
        assert set(acknowledged) <= stored
        assert all(len(item.views) == 1 for item in gallery.items())


def test_client_names_a_node_that_is_not_there() -> None:
    from xsense_ros.errors import InputError

    operator = Operator('/nowhere')
    helper = rclpy.create_node('helper', context=operator.context)
    client = LifecycleClient(helper, 'retrieval', timeout=0.2)
    with pytest.raises(InputError, match=r'/retrieval.*ROS_DOMAIN_ID'):
        client.bring_up()
    client.close()
    helper.destroy_node()
    operator.close()
