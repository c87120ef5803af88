# SPDX-License-Identifier: Apache-2.0
"""What diagnostics and the log say of engines; needs no DDS."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

from xsense_ros.engines.backends import Fallback
from xsense_ros.engines.engine import EngineDescription
from xsense_ros.nodes.engine_report import ENGINE, EngineReport, report_fallbacks
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.log_relay import LogRelay

GPU = EngineDescription('tensorrt', 'Orin', 'fp32', 'trunk.onnx', 0)
HEAD = replace(GPU, model='head.onnx')


class TestReport:
    def setup_method(self) -> None:
        self.lines: list[str] = []
        self.faults = FaultRegistry(lambda level, line: self.lines.append(line), 0.0, 0.0)
        self.engines: Sequence[EngineDescription] = (GPU, HEAD)
        self.report = EngineReport('toy 1.0.0', lambda: self.engines, self.faults)

    def test_all_is_well(self) -> None:
        assert self.report() == (
            'toy 1.0.0',
            dict.fromkeys(('trunk.onnx', 'head.onnx'), 'tensorrt on Orin, fp32, 0 threads'),
        )
        assert self.faults.present(ENGINE) is None

    def test_what_is_being_built_is_no_fault(self) -> None:
        on_cpu = EngineDescription('onnxruntime', 'cpu', 'fp32', 'head.onnx', 1)
        self.engines = (GPU, replace(on_cpu, building='BUILDING for tensorrt: 41%, fusing'))
        summary, figures = self.report()
        assert summary == 'BUILDING 1 of 2 engines; toy 1.0.0 answers'
        told = 'onnxruntime on cpu, fp32, 1 threads; BUILDING for tensorrt: 41%, fusing'
        assert figures['head.onnx'] == told and self.faults.present(ENGINE) is None

    def test_a_fault_is_told_once_and_stays_until_it_is_over(self) -> None:
        report_fallbacks([Fallback('tensorrt', 'text.onnx', 'no room')], self.faults)
        self.engines = (GPU, replace(HEAD, fault='lost'))
        for _ in range(3):
            self.report()
            fault = self.faults.present(ENGINE)
            assert fault is not None and (fault.level, fault.message) == (Level.ERROR, 'lost')
        assert self.lines == ['engine: tensorrt cannot run text.onnx: no room', 'engine: lost']
        self.engines = (GPU, replace(HEAD, fault='lost again'))
        self.report()
        assert self.lines[2:] == ['engine: lost again']
        self.engines = (GPU, HEAD)
        self.report()
        # The warning of another backend is not over with it.
        fault = self.faults.present(ENGINE)
        assert fault is not None and fault.level == Level.WARN


def test_what_the_ros_free_rooms_log_is_the_nodes() -> None:
    lines: list[tuple[str, str]] = []
    names = ('info', 'warning', 'error')
    said = {
        name: lambda line, name=name: lines.append((name, line)) for name in names
    }  # fmt: skip
    node = SimpleNamespace(get_logger=lambda: SimpleNamespace(**said))
    logger = logging.Logger('xsense_ros.engines')
    logger.addHandler(LogRelay(node))
    logger.debug('too much')
    logger.info('building %s', 'text.onnx')
    logger.warning('answers now')
    logger.error('lost')
    assert lines == [('info', 'building text.onnx'), ('warning', 'answers now'), ('error', 'lost')]
