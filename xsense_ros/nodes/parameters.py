# SPDX-License-Identifier: Apache-2.0
"""Ties the table of parameters to a node: declares, refuses and tells of changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter

from xsense_ros.errors import InputError
from xsense_ros.nodes.parameter_table import AT_START, PARAMETERS, ParameterSpec
from xsense_ros.nodes.settings import Settings, check_change, check_values


class NodeParameters:
    """The parameters of a retrieval node.

    Args:
        node: whose parameters they are.
        state: names the node's lifecycle state.
        on_change: told of new settings after each change.

    Raises:
        InputError: an initial value that cannot be used.
        rclpy.exceptions.ParameterException: an initial value of the wrong type or out of range.
    """

    def __init__(
        self,
        node: LifecycleNode,
        state: Callable[[], str],
        on_change: Callable[[Settings], None],
    ) -> None:
        self._node = node
        self._state = state
        self._on_change = on_change
        for spec in PARAMETERS:
            node.declare_parameter(spec.name, spec.default, _descriptor(spec))
        values = self._values()
        check_values(values)
        self.settings = Settings.from_values(values)
        node.add_on_set_parameters_callback(self._validate)
        node.add_post_set_parameters_callback(self._follow)

    def _values(self) -> dict[str, Any]:
        return {spec.name: self._node.get_parameter(spec.name).value for spec in PARAMETERS}

    def _validate(self, changes: Sequence[Parameter]) -> SetParametersResult:
        try:
            for change in changes:
                check_change(change.name, change.value, self._state())
            check_values(self._values() | {change.name: change.value for change in changes})
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _follow(self, changes: Sequence[Parameter]) -> None:
        names = {spec.name for spec in PARAMETERS}
        if any(change.name in names for change in changes):
            self.settings = Settings.from_values(self._values())
            self._on_change(self.settings)


def _descriptor(spec: ParameterSpec) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(
        description=spec.description,
        additional_constraints=f'Changes {spec.changes}.',
        read_only=spec.changes == AT_START,
    )
    if spec.limits and isinstance(spec.default, float):
        low, high = spec.limits
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    elif spec.limits:
        low, high = int(spec.limits[0]), int(spec.limits[1])
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    return descriptor
