# SPDX-License-Identifier: Apache-2.0
"""A fake TensorRT whose engines are the ONNX files, for processes that build: see fake_gpu."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.unit.engines.fake_tensorrt import FakeTensorRt, Kind

MODE = 'XSENSE_FAKE_BUILDER'
FAST, SLOW, REFUSED, CRASHED, KILLED = 'fast', 'slow', 'refused', 'crashed', 'killed'


class OnnxTensorRt(FakeTensorRt):
    """Module `tensorrt`; what the file named by MODE says is what its builders do."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = {}

    def OnnxParser(self, network: Any, logger: Any) -> Any:  # noqa: N802
        def parse(path: str) -> bool:
            self.plan = Path(path).read_bytes()
            return True

        return SimpleNamespace(parse_from_file=parse)

    def Runtime(self, logger: Any) -> Any:  # noqa: N802
        from tests.fake_gpu import OnnxBehind  # a builder needs no ONNX Runtime

        return SimpleNamespace(deserialize_cuda_engine=OnnxBehind)

    def _build(self, network: Any, config: Any) -> bytes | None:
        control = Path(os.environ[MODE])
        about = {'pid': os.getpid(), 'nice': os.nice(0)}
        about['oom'] = int(Path('/proc/self/oom_score_adj').read_text())
        with control.with_suffix('.builds').open('a') as file:
            file.write(json.dumps(about) + '\n')
        print('a line that the library prints', flush=True)
        monitor = config.progress_monitor
        monitor.phase_start('fusing', None, 1000)
        for step in range(990):
            if (mode := control.read_text()) != SLOW:
                break
            time.sleep(0.05)
            if not monitor.step_complete('fusing', step):
                return None
        if mode == KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        elif mode == CRASHED:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        elif mode == REFUSED:
            self.logger.log(Kind.ERROR, 'no kernel for this layer')
            return None
        return self.plan
