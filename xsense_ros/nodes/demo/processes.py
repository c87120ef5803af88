# SPDX-License-Identifier: Apache-2.0
"""Child processes whose output goes to files, and of which none is left behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import rclpy

import xsense_ros
from xsense_ros.errors import XsenseError
from xsense_ros.nodes.lifecycle_client import LifecycleClient

_GRACE_SECONDS = 5.0
_TAIL_LINES = 15


class ProcessError(XsenseError):
    """A process that has ended before its time."""


class Processes:
    """Starts Python modules of this package; a context manager that ends them.

    Args:
        folder: where NAME.log of each is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            process.kill()  # does nothing to one that has ended
            process.wait()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Run `python -m module arguments` with this process's environment."""
        # The children import this very package, from a checkout or installed.
        here = str(Path(xsense_ros.__file__).parents[1])
        path = os.pathsep.join([here, *filter(None, [os.environ.get('PYTHONPATH')])])
        with self.log(name).open('wb') as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, '-u', '-m', module, *arguments],
                env=os.environ | {'PYTHONPATH': path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_node(
        self, name: str, parameters: Mapping[str, str], file: Path | None = None
    ) -> None:
        """Run the node xsense_ros.nodes.NAME_node in the recorded time, which is not ours.

        Args:
            name: of the node and the process.
            parameters: of the node, as YAML, before which those of `file` count.
            file: of parameters.
        """
        given = {'use_sim_time': 'true', **parameters}
        options = [part for key, value in given.items() for part in ('-p', f'{key}:={value}')]
        files = ['--params-file', str(file.resolve())] if file else []
        self.start(name, f'xsense_ros.nodes.{name}_node', '--ros-args', *files, *options)

    def bring_up(self, name: str) -> None:
        """Configure and activate a node, as a lifecycle manager would.

        Raises:
            ProcessError: it has ended, or cannot be brought up.
        """
        helper = rclpy.create_node(f'demo_{name}', start_parameter_services=False)
        lifecycle = LifecycleClient(helper, name, timeout=60.0)
        try:
            lifecycle.bring_up()
        except XsenseError as error:
            self.check_alive(name)  # its death says more than its silence
            cure = f'read {self.log(name)}, which ends:\n{self.tail(name)}'
            raise ProcessError(f'node {name}', error, 'a node that comes up', cure) from error
        finally:
            lifecycle.close()
            helper.destroy_node()

    def log(self, name: str) -> Path:
        """The file with the output of a process."""
        return self._folder / f'{name}.log'

    def tail(self, name: str) -> str:
        """The last lines of its output."""
        lines = self.log(name).read_text('utf-8', 'replace').splitlines()
        return '\n'.join(lines[-_TAIL_LINES:])

    def ended(self, name: str) -> bool:
        """Whether a process has come to its good end.

        Raises:
            ProcessError: it has failed.
        """
        status = self._running[name].poll()
        if status is None or status == 0:
            return status == 0
        raise ProcessError(
            f'process {name}',
            f'exit status {status}',
            'a process that runs on',
            f'read {self.log(name)}, which ends:\n{self.tail(name)}',
        )

    def check_alive(self, name: str) -> None:
        """ProcessError where a process that should run on has ended, in whatever way."""
        if self.ended(name):
            raise ProcessError(
                f'process {name}', 'its end', 'a process that runs on', f'read {self.log(name)}'
            )
