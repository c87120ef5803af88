# SPDX-License-Identifier: Apache-2.0
"""A row of a node's table of parameters: what it is, what values are good, when it may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.exceptions import InvalidTopicNameException
from rclpy.validate_topic_name import validate_topic_name

from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.errors import InputError
from xsense_ros.fusion.event_window import EventWindow

# When a parameter may change.
ANY_TIME = 'at any time'
INACTIVE = 'while the node is inactive or unconfigured'
UNCONFIGURED = 'while the node is unconfigured'
AT_START = 'at start only'

Check = Callable[[Any], str]
"""Returns what would have been accepted, or '' where the value is good."""


@dataclass(frozen=True)
class ParameterSpec:
    """A row of the table; ``limits`` are inclusive, and its floats are those of the descriptor."""

    name: str
    default: Any
    description: str
    changes: str = ANY_TIME
    limits: tuple[float, float] | None = None
    check: Check | None = None


def some_of(*known: str) -> Check:
    """Takes lists of some of these words."""

    def check(values: Any) -> str:
        good = bool(values) and len(set(values)) == len(values) and set(values) <= set(known)
        return '' if good else f'at least one of {list(known)}, none twice'

    return check


def one_of(*known: str) -> Check:
    """Takes one of these words."""

    def check(value: Any) -> str:
        return '' if value in known else f'one of {list(known)}'

    return check


def names(values: Any) -> str:
    """Takes lists of names or paths."""
    good = bool(values) and all(value.strip() for value in values)
    return '' if good else 'at least one name or path, none of them empty'


def topics(values: Any) -> str:
    """Takes lists of names of topics."""
    try:
        good = bool(values) and all(validate_topic_name(value) for value in values)
    except InvalidTopicNameException as error:
        return f'names of topics ({str(error).splitlines()[0]})'
    return '' if good and len(set(values)) == len(values) else 'at least one topic, none twice'


def path(value: Any) -> str:
    """Takes the name of a file, or of a database in memory."""
    return '' if value.strip() and '\0' not in value else "a file name, or ':memory:'"


def audio_format(value: Any) -> str:
    """Takes encoding, sample rate and channels of sound."""
    try:
        SoundFormat.from_text(value)
    except InputError as error:
        return error.expected
    return ''


def joint_senses(values: Any) -> str:
    """Takes senses that are asked together, each in one group; empty words count as none."""
    try:
        EventWindow([value for value in values if value], 1.0)
    except InputError as error:
        return error.expected
    return ''


def share_or_default(value: Any) -> str:
    """Takes shares, and -1 for what somebody else has chosen."""
    return '' if value == -1.0 or value >= 0.0 else '-1.0, or 0.0 to 1.0'


def check_rows(table: Sequence[ParameterSpec], values: Mapping[str, Any]) -> None:
    """InputError for the first value that cannot be used; names without a row are not ours."""
    for spec in table:
        if spec.name not in values:
            continue
        value = values[spec.name]
        expected = spec.check(value) if spec.check else ''
        if spec.limits and not spec.limits[0] <= value <= spec.limits[1]:
            expected = f'{spec.limits[0]} to {spec.limits[1]}'
        if expected:
            cure = f'correct it in the parameter file, or `ros2 param set NODE {spec.name} VALUE`'
            raise InputError(f'parameter {spec.name}', value, expected, cure)


def check_change(table: Sequence[ParameterSpec], name: str, value: Any, state: str) -> None:
    """InputError where a parameter may not change in this lifecycle state."""
    spec = next((spec for spec in table if spec.name == name), None)
    if spec is None or spec.changes == ANY_TIME or state == 'unconfigured':
        return
    if spec.changes == INACTIVE and state == 'inactive':
        return
    step = 'deactivate' if spec.changes == INACTIVE else 'deactivate and clean up'
    raise InputError(
        f'parameter {name}',
        value,
        f'a change {spec.changes} (the node is {state})',
        f'{step} the node first (`ros2 lifecycle set`), or give it in the parameter file',
    )


def unless_negative(value: float) -> float | None:
    """None for the -1 that means: what somebody else has chosen."""
    return None if value < 0.0 else value
