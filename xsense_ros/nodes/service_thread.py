# SPDX-License-Identifier: Apache-2.0
"""Services of a node on a thread of their own.

A service that encodes pictures or waits for the disk, were it served by the node's own executor,
would keep it from receiving meanwhile. A coroutine would not help: rclpy's EventsExecutor calls
service callbacks as plain functions. So the services live in a hidden helper node with its own
executor, under the names of the main node.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.faults import FaultRegistry


@dataclass(frozen=True)
class Service:
    """A service: its type, its name below that of the node, and what fills the response in."""

    kind: type[Any]
    name: str
    work: Callable[[Any, Any], None]


class ServiceThread:
    """Serves until closed. Every failure is an answer with success = false and a message.

    Args:
        node: under whose name the services appear.
        services: an XsenseError of their work becomes the message of the response.
        faults: failures that are not the caller's are shown in diagnostics too.
        source: under which they are shown.
        guard: held during each service, so that no model vanishes under it.
    """

    def __init__(
        self,
        node: LifecycleNode,
        services: Sequence[Service],
        faults: FaultRegistry,
        source: str,
        guard: threading.Lock,
    ) -> None:
        self._faults = faults
        self._source = source
        self._guard = guard
        # A leading underscore hides the helper from `ros2 node list`. Arguments of the command
        # line were meant for the main node: a __node remap must not rename the helper too.
        self._node = rclpy.create_node(
            f'_{node.get_name()}_services',
            namespace=node.get_namespace(),
            context=node.context,
            use_global_arguments=False,
            enable_rosout=False,
            start_parameter_services=False,
        )
        for service in services:
            name = node.resolve_service_name(f'~/{service.name}')
            self._node.create_service(service.kind, name, self._serve(service.work))
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name='xsense-services', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the service in work and withdraw all of them."""
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):  # the process ends
            self._executor.spin()

    def _serve(self, work: Callable[[Any, Any], None]) -> Callable[[Any, Any], Any]:
        def serve(request: Any, response: Any) -> Any:
            try:
                with self._guard:
                    work(request, response)
                response.success = True
            except XsenseError as error:
                response.message = str(error)
                if not isinstance(error, InputError):
                    self._faults.report_error(self._source, error)
            except Exception as error:  # a bug in one request must not end the node
                response.message = f'{type(error).__name__}: {error}'
                self._faults.report_error(self._source, error)
            return response

        return serve


def not_active() -> InputError:
    """What a service that needs the models says while there are none."""
    return InputError(
        'lifecycle state',
        'inactive',
        'an active node, for only that has models in memory',
        'activate it: `ros2 lifecycle set NODE activate`',
    )
