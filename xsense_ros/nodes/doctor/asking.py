# SPDX-License-Identifier: Apache-2.0
"""Asks a node for its state and parameters, again and again until it answers."""

from __future__ import annotations

import time
from typing import Any

from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

_AGAIN_SECONDS = 1.0


class Interview:
    """State, names of parameters, and their values, in this order.

    An answer that is sent before the node has discovered our end is lost, so each question is
    asked again after a while.

    Args:
        node: asks; somebody spins it.
        target: full name of the node that is asked.
    """

    def __init__(self, node: Node, target: str) -> None:
        self.state = ''
        self.names: list[str] = []
        self.parameters: dict[str, Any] = {}
        self._clients = [
            node.create_client(GetState, f'{target}/get_state'),
            node.create_client(ListParameters, f'{target}/list_parameters'),
            node.create_client(GetParameters, f'{target}/get_parameters'),
        ]
        self._step = 0
        self._asked = 0.0
        self._future: Any = None

    @property
    def done(self) -> bool:
        """Whether everything was answered."""
        return self._step == len(self._clients)

    def go_on(self) -> None:
        """Take an answer that has come, and ask what is to be asked."""
        if self.done:
            return
        client = self._clients[self._step]
        if self._future is not None and self._future.done():
            self._take(self._future.result())
            self._step, self._future = self._step + 1, None
            self.go_on()
        elif self._future is None or time.monotonic() - self._asked > _AGAIN_SECONDS:
            if self._future is not None:
                client.remove_pending_request(self._future)
                self._future = None
            if client.service_is_ready():
                self._future, self._asked = client.call_async(self._request()), time.monotonic()

    def _request(self) -> Any:
        requests = (GetState.Request, ListParameters.Request, GetParameters.Request)
        if self._step == len(requests) - 1:
            return GetParameters.Request(names=self.names)
        return requests[self._step]()

    def _take(self, answer: Any) -> None:
        if self._step == 0:
            self.state = answer.current_state.label
        elif self._step == 1:
            self.names = list(answer.result.names)
        else:
            values = map(parameter_value_to_python, answer.values)
            self.parameters = dict(zip(self.names, values, strict=False))
