# SPDX-License-Identifier: Apache-2.0
"""Brings a managed node of another process up and down, through its lifecycle services."""

from __future__ import annotations

import time
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from xsense_ros.errors import InputError

_STEPS = {
    'configure': Transition.TRANSITION_CONFIGURE,
    'activate': Transition.TRANSITION_ACTIVATE,
    'deactivate': Transition.TRANSITION_DEACTIVATE,
    'cleanup': Transition.TRANSITION_CLEANUP,
}
_UP = {'unconfigured': 'configure', 'inactive': 'activate'}
_DOWN = {'active': 'deactivate', 'inactive': 'cleanup'}
_SHUTDOWN = {
    'unconfigured': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    'inactive': Transition.TRANSITION_INACTIVE_SHUTDOWN,
    'active': Transition.TRANSITION_ACTIVE_SHUTDOWN,
}
_ASK_AGAIN_SECONDS = 1.0


class LifecycleClient:
    """Asks a managed node for its state and for transitions, and waits for the outcome.

    Spins the helper ``node`` itself, on an executor of its own: do not spin it elsewhere.

    Args:
        node: to ask from.
        target: name of the managed node, absolute or relative to the namespace of ``node``.
        timeout: seconds that one call may take.
    """

    def __init__(self, node: Node, target: str, timeout: float = 30.0) -> None:
        self._node = node
        self._timeout = timeout
        self.target = node.resolve_service_name(target)
        self._get_state = node.create_client(GetState, f'{self.target}/get_state')
        self._change_state = node.create_client(ChangeState, f'{self.target}/change_state')
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(node)

    def wait(self) -> None:
        """Wait until the node is there; InputError after ``timeout`` seconds."""
        for client in (self._get_state, self._change_state):
            if not client.wait_for_service(self._timeout):
                raise self._late('a node that offers its lifecycle services')

    def state(self) -> str:
        """The node's state, such as 'active'; InputError where it does not answer in time."""
        self.wait()
        deadline = time.monotonic() + self._timeout
        while True:
            # An answer sent before the node has discovered our end is lost, so it is asked again;
            # a transition (see change) may not be, and therefore comes after an answer to this.
            answer = self._call(self._get_state, GetState.Request(), _ASK_AGAIN_SECONDS)
            if answer is not None:
                label: str = answer.current_state.label
                return label
            if time.monotonic() > deadline:
                raise self._late('an answer')

    def change(self, step: str) -> None:
        """One transition: 'configure', 'activate', 'deactivate', 'cleanup' or 'shutdown'.

        Raises:
            InputError: the node refuses or fails, or does not answer in time.
        """
        before = self.state()
        number = _SHUTDOWN.get(before) if step == 'shutdown' else _STEPS.get(step)
        if number is None:
            known = [*_STEPS, 'shutdown']
            raise InputError(f'transition from {before}', step, f'one of {known}', 'correct it')
        request = ChangeState.Request(transition=Transition(id=number))
        answer = self._call(self._change_state, request, self._timeout)
        if answer is None:
            raise self._late(f'the end of {step}')
        if not answer.success:
            raise InputError(
                f'{step} of {self.target}',
                f'failure, {before} -> {self.state()}',
                'success',
                "read the node's last error in its log or on /diagnostics",
            )

    def bring_up(self) -> None:
        """From whatever state to active; InputError where a transition fails."""
        self._walk(_UP, 'active')

    def bring_down(self) -> None:
        """From whatever state to unconfigured; InputError where a transition fails."""
        self._walk(_DOWN, 'unconfigured')

    def close(self) -> None:
        """Let go of the helper node, which stays usable."""
        self._executor.remove_node(self._node)
        self._executor.shutdown()
        self._node.destroy_client(self._get_state)
        self._node.destroy_client(self._change_state)

    def _walk(self, steps: dict[str, str], goal: str) -> None:
        deadline = time.monotonic() + self._timeout
        while (state := self.state()) != goal:
            if state in steps:
                self.change(steps[state])
            elif state == 'finalized':
                raise self._late(f'a living node to bring to {goal}; it is finalized')
            elif time.monotonic() > deadline:
                raise self._late(f'the end of its transition ({state})')
            else:
                time.sleep(0.02)  # somebody else's transition is under way

    def _call(self, client: Any, request: Any, timeout: float) -> Any:
        """The answer, or None where it does not come in time."""
        future = client.call_async(request)
        self._executor.spin_until_future_complete(future, timeout)
        if future.done():
            return future.result()
        client.remove_pending_request(future)
        return None

    def _late(self, expected: str) -> InputError:
        return InputError(
            self.target,
            f'nothing within {self._timeout:g} s',
            expected,
            'see whether its process runs (`ros2 node list`), and that ROS_DOMAIN_ID and '
            'ROS_AUTOMATIC_DISCOVERY_RANGE are the same on both sides',
        )
