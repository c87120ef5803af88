# SPDX-License-Identifier: Apache-2.0
"""Ties the table of parameters to a node: declares, refuses and tells of changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from xsense_ros.errors import InputError
from xsense_ros.nodes.parameter_spec import AT_START, ParameterSpec, check_change

S = TypeVar('S')


class NodeParameters(Generic[S]):
    """The parameters of a node.

    Args:
        node: whose parameters they are.
        table: a row for each of them.
        check: InputError for values by name that cannot be used.
        read: checked values by name, as the node uses them.
        state: names the node's lifecycle state.
        on_change: told of new settings after each change.

    Raises:
        InputError: an initial value that cannot be used.
        rclpy.exceptions.ParameterException: an initial value of the wrong type or out of range.
    """

    def __init__(
        self,
        node: Node,
        table: Sequence[ParameterSpec],
        check: Callable[[Mapping[str, Any]], None],
        read: Callable[[Mapping[str, Any]], S],
        state: Callable[[], str],
        on_change: Callable[[S], None],
    ) -> None:
        self._node = node
        self._table = table
        self._check = check
        self._read = read
        self._state = state
        self._on_change = on_change
        for spec in table:
            node.declare_parameter(spec.name, spec.default, _descriptor(spec))
        values = self._values()
        check(values)
        self.settings = read(values)
        node.add_on_set_parameters_callback(self._validate)
        node.add_post_set_parameters_callback(self._follow)

    def _values(self) -> dict[str, Any]:
        return {spec.name: self._node.get_parameter(spec.name).value for spec in self._table}

    def _validate(self, changes: Sequence[Parameter]) -> SetParametersResult:
        try:
            for change in changes:
                check_change(self._table, change.name, change.value, self._state())
            self._check(self._values() | {change.name: change.value for change in changes})
        except InputError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _follow(self, changes: Sequence[Parameter]) -> None:
        names = {spec.name for spec in self._table}
        if any(change.name in names for change in changes):
            self.settings = self._read(self._values())
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
