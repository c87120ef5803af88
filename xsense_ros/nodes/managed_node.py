# SPDX-License-Identifier: Apache-2.0
"""A managed (lifecycle) node that reports what fails, undoes it and lives on; how it is run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from xsense_ros.engines.cache import cache_folder
from xsense_ros.errors import XsenseError
from xsense_ros.nodes import garbage
from xsense_ros.nodes.computer import COMPUTER, ComputerReport
from xsense_ros.nodes.diagnostics import DiagnosticsPublisher
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.outlets import Outlets
from xsense_ros.nodes.service_thread import ServiceThread

LIFECYCLE = 'lifecycle'


class ManagedNode(LifecycleNode, ABC):
    """Turns the work of each transition into the answer that a lifecycle manager understands.

    Subclasses declare their parameters, call ``_start_diagnostics`` at the end of their
    constructor, and say what to do to configure, to activate and to release.
    """

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        # These outlive the states: a node that cannot be configured must be able to say why.
        self._faults = FaultRegistry(self._log)
        self._diagnostics: DiagnosticsPublisher
        self._outlets: Outlets | None = None
        self._service_thread: ServiceThread | None = None

    def _start_diagnostics(self, hardware_id: str, period_seconds: float) -> None:
        self._diagnostics = DiagnosticsPublisher(self, self._faults, hardware_id, period_seconds)
        self._diagnostics.add(LIFECYCLE, lambda: (self.state, {'state': self.state}))
        self._diagnostics.add(COMPUTER, ComputerReport(self._faults, self._folders))

    @property
    def state(self) -> str:
        """Label of the lifecycle state, such as 'inactive'."""
        label: str = self._state_machine.current_state[1]
        return label

    def _folders(self) -> dict[str, Path]:
        """Where the node writes, by what people call it; their disks are watched."""
        return {'engine cache': cache_folder()}

    @abstractmethod
    def _configure(self) -> None:
        """From unconfigured to inactive; an XsenseError leaves the node unconfigured."""

    @abstractmethod
    def _activate(self) -> None:
        """From inactive to active; an XsenseError leaves the node inactive."""

    @abstractmethod
    def _release_active(self) -> None:
        """Undo ``_activate``, also where it was not finished or not begun."""

    @abstractmethod
    def _release_configured(self) -> None:
        """Undo ``_configure``, also where it was not finished or not begun."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Verify what the node works with, and open it.

        SUCCESS -> inactive. FAILURE (an XsenseError: something unusable) -> unconfigured.
        ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('configure', self._configure, self._release_configured)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load and warm up the models, then subscribe.

        SUCCESS -> active. FAILURE (an XsenseError: the models cannot run here) -> inactive.
        ERROR (a bug) -> errorprocessing, see on_error.
        """

        def activate() -> None:
            self._activate()
            super(ManagedNode, self).on_activate(state)
            garbage.settle()

        return self._transition('activate', activate, self._release_active)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe, finish what is in work, and free the memory of the models.

        SUCCESS -> inactive. ERROR (a bug) -> errorprocessing, see on_error.
        """

        def deactivate() -> None:
            self._release_active()
            super(ManagedNode, self).on_deactivate(state)
            garbage.settle()

        return self._transition('deactivate', deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close what was opened, and withdraw services and topics.

        SUCCESS -> unconfigured. ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('clean up', self._release_configured)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from whatever state.

        SUCCESS -> finalized. ERROR (a bug) -> errorprocessing, see on_error.
        """
        return self._transition('shut down', self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything after a transition that ended in ERROR.

        SUCCESS -> unconfigured, from where the node can be configured again.
        FAILURE or ERROR (a second bug) -> finalized.
        """
        try:
            self._release()
        except Exception as error:
            self._faults.report_error(LIFECYCLE, error, Level.ERROR)
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def autostart(self) -> bool:
        """Configure and activate as a lifecycle manager would; whether the node is now active."""
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                return False
        return True

    def close(self) -> None:
        """Release everything and destroy the node; for the end of the process."""
        self._release()
        self._diagnostics.close()
        self.destroy_node()

    def _transition(
        self, name: str, work: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        """Do the work of a transition; undo what it had begun where it fails."""
        self._faults.clear(LIFECYCLE)
        try:
            work()
        except XsenseError as error:
            if undo:
                undo()
            self._faults.report(
                LIFECYCLE, f'{name} failed', Level.ERROR, f'cannot {name}: {error}', sticky=True
            )
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # rclpy would turn it into ERROR without a word
            self._faults.report_error(LIFECYCLE, error, Level.ERROR)
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _withdraw(self) -> None:
        """Close the services and topics of a configured node, where there are any."""
        if self._service_thread is not None:
            self._service_thread.close()
            self._service_thread = None
        if self._outlets is not None:
            self._outlets.close()
            self._outlets = None

    def _release(self) -> None:
        self._release_active()
        self._release_configured()

    def _log(self, level: Level, message: str) -> None:
        # Separate lines: rclpy ties the severity of a log line to the place it comes from.
        if level == Level.ERROR:
            self.get_logger().error(message)
        else:
            self.get_logger().warning(message)
