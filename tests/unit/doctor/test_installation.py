# SPDX-License-Identifier: Apache-2.0
"""Checks without nodes, the report and its exit status, and the command."""

from __future__ import annotations

import io
import json
import shutil
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.toy import toy_bundle
from xsense_ros.cli import main
from xsense_ros.doctor import disk, installation
from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.report import BLIND, FOUND, WELL, Report
from xsense_ros.engines.bundle import SEARCH_PATH_VARIABLE
from xsense_ros.engines.cuda import Gpu
from xsense_ros.errors import EngineError
from xsense_ros.nodes.computer import COMPUTER, ComputerReport
from xsense_ros.nodes.faults import FaultRegistry


def failing(error: ImportError) -> Callable[[str], Any]:
    def load(name: str) -> Any:
        raise error

    return load


def test_python() -> None:
    assert installation.check_python((3, 12)).well == 'Python 3.12'
    for version in ((3, 9), (3, 14)):
        assert installation.check_python(version).findings[0].level == Level.WARNING


def test_rclpy() -> None:
    assert installation.check_ros(lambda name: None).well.startswith('rclpy')
    (finding,) = installation.check_ros(failing(ImportError("No module named 'rclpy'"))).findings
    assert 'setup.bash' in finding.cure and finding.level == Level.ERROR
    wrong = ImportError("The C extension '_rclpy_pybind11' isn't present on the system")
    (finding,) = installation.check_ros(failing(wrong)).findings
    assert '_ROS_WHEELS_BOOTSTRAP_COMPLETE' in finding.cure


def test_messages_as_built() -> None:
    outcome = installation.check_messages()
    assert not outcome.findings and 'message definitions' in outcome.well


def test_messages_of_an_older_build() -> None:
    import xsense_ros.msg

    class Old:
        @staticmethod
        def get_fields_and_field_types() -> dict[str, str]:
            return {'x': 'float', 'y': 'float', 'width': 'float', 'tall': 'float'}

    class Package(types.SimpleNamespace):
        def __getattr__(self, name: str) -> Any:
            return Old if name == 'Box' else getattr(xsense_ros.msg, name)

    def load(name: str) -> Any:
        return Package() if name == 'xsense_ros.msg' else __import__(name, fromlist=['srv'])

    (finding,) = installation.check_messages(load).findings
    assert finding.subject == 'msg/Box' and finding.seen.endswith('height, tall')
    missing = installation.check_messages(failing(ImportError('no xsense_ros.msg'))).findings
    assert 'build and install' in missing[0].cure


def test_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not installation.check_bundles().findings
    broken = toy_bundle(tmp_path / 'toy').path
    next(broken.glob('*.onnx')).write_bytes(b'damaged')
    monkeypatch.setenv(SEARCH_PATH_VARIABLE, str(tmp_path))
    (finding,) = installation.check_bundles().findings
    assert finding.subject == 'bundle toy' and finding.level == Level.ERROR and finding.cure


def test_inference() -> None:
    assert 'ONNX Runtime' in installation.check_inference().well


def test_a_gpu_without_tensorrt_and_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, 'gpu_at_hand', lambda: Gpu('H200', '9.0', 1, False))

    def missing(name: str) -> Any:
        raise EngineError(name, 'none', 'TensorRT', 'install it')

    monkeypatch.setattr(installation, 'load_vendor', missing)
    outcome = installation.check_inference()
    (finding,) = outcome.findings
    assert (finding.subject, finding.level) == ('GPU H200', Level.NOTE)
    assert finding.cure == 'install it' and outcome.well.endswith(', H200')
    vendor = types.SimpleNamespace(version='11.0')
    monkeypatch.setattr(installation, 'load_vendor', lambda name: vendor)
    assert not installation.check_inference().findings
    assert 'tensorrt 11.0' in installation.check_inference().well


def test_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk.free_bytes(tmp_path / 'not' / 'yet') == pytest.approx(
        shutil.disk_usage(tmp_path).free, rel=0.05
    )
    for free, level in ((499_000_000, Level.WARNING), (49_000_000, Level.ERROR)):
        monkeypatch.setattr(disk, 'free_bytes', lambda folder, free=free: free)
        (finding,) = disk.judge('gallery', tmp_path).findings
        assert finding.level == level and f'{free // 10**6} MB free' in finding.seen
        assert installation.check_disks(str(tmp_path / 'g.db')).findings[0] == finding
    monkeypatch.setattr(disk, 'free_bytes', lambda folder: 5_000_000_000)
    assert disk.judge('gallery', tmp_path).well == '5.0 GB free for the gallery'
    assert installation.check_disks(':memory:').well == '5.0 GB free'


def test_galleries_that_are_no_files() -> None:
    for name in (':memory:', 'milvus://host:19530/things?robot=a'):
        assert installation.check_gallery(name) == Outcome()


def test_a_disk_that_fills_up_is_a_fault_of_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = FaultRegistry(lambda level, line: None)
    report = ComputerReport(faults, lambda: {'gallery': tmp_path})
    monkeypatch.setattr(disk, 'free_bytes', lambda folder: 100_000_000)
    for _ in range(3):
        _, figures = report()
    fault = faults.present(COMPUTER)
    assert fault is not None and fault.count == 1 and fault.level == 1
    assert 'Cure: free some space' in fault.message and figures['gallery: MB free'] == '100'
    monkeypatch.setattr(disk, 'free_bytes', lambda folder: 10_000_000)
    report()
    fault = faults.present(COMPUTER)
    assert fault is not None and fault.level == 2
    monkeypatch.setattr(disk, 'free_bytes', lambda folder: 9_000_000_000)
    summary, _ = report()
    assert faults.present(COMPUTER) is None and summary == '9.0 GB free for the gallery'


class TestReport:
    NOTE = Finding(Level.NOTE, 'a', 'seen', 'expected', 'cure')
    ERROR = Finding(
        Level.ERROR,
        '/text',
        'they [do] not fit',
        'the same',
        'set it',
        {'qos.x': 'best_effort'},
        '/n',
    )

    def test_status(self) -> None:
        assert Report({'x': Outcome('well')}).status == WELL == 0
        assert Report({'x': Outcome('', [self.NOTE])}).status == WELL
        assert Report({}, {'x': Outcome('', [self.NOTE, self.ERROR])}).status == FOUND == 1
        assert Report({'x': Outcome('well')}, {}, 'no rclpy').status == BLIND == 2

    @pytest.mark.parametrize('width', [80, 120])
    def test_for_people(self, width: int) -> None:
        console = Console(file=io.StringIO(), width=width)
        report = Report({'a': Outcome('Python 3')}, {'b': Outcome('', [self.NOTE, self.ERROR])})
        report.show(console)
        text = console.file.getvalue()  # type: ignore[attr-defined]
        assert all(len(line) <= width for line in text.splitlines())
        assert text.index('error   /text') < text.index('note    a')
        assert '  ros__parameters:' in text and 'qos.x: best_effort' in text
        assert '[do]' in text and '1 error, 1 note' in text

    def test_for_scripts(self) -> None:
        plain = Report({'a': Outcome('Python 3', [self.ERROR])}).to_plain()
        assert json.loads(json.dumps(plain))['findings'] == [
            {
                'level': 'error', 'rule': 'a', 'subject': '/text', 'seen': 'they [do] not fit',
                'expected': 'the same', 'cure': 'set it', 'settings': {'qos.x': 'best_effort'},
                'node': '/n',
            }
        ]  # fmt: skip
        assert plain['well'] == {'a': 'Python 3'}


class TestCommand:
    def test_installation_only(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
        done = CliRunner().invoke(main, ['doctor', '--seconds', '0', '--json'])
        report = json.loads(done.output)
        assert done.exit_code == report['status'] == 0
        assert report['well']['gallery file'] == 'no gallery yet'

    def test_no_ros_is_2(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
        monkeypatch.setenv('ROS_DOMAIN_ID', 'robot')
        done = CliRunner().invoke(main, ['doctor'])
        assert done.exit_code == 2 and 'could not be looked at: ROS_DOMAIN_ID' in done.output

    @pytest.mark.parametrize('rate', ['camera', '=3', '/a=fast', '/a=-1', '/a=nan'])
    def test_wrong_usage(self, rate: str) -> None:
        done = CliRunner().invoke(main, ['doctor', '--rate', rate])
        assert done.exit_code == 2 and 'TOPIC=HZ' in done.output
