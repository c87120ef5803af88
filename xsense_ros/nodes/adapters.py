# SPDX-License-Identifier: Apache-2.0
"""Classes of message types by name, where they are installed, and what reads their messages."""

from __future__ import annotations

import importlib
from typing import Any

from std_msgs.msg import Header

from xsense_ros.adapters.table import Adapter, adapter
from xsense_ros.errors import InputError


def message_class(
    kind: str, what: str = 'message type', cure: str = 'name another type'
) -> type[Any]:
    """The class of a message type such as 'sensor_msgs/msg/Image'.

    Args:
        kind: its name.
        what: names the topic or parameter in an error.
        cure: what may be done besides installing it.

    Raises:
        InputError: it is not installed.
    """
    package, _, name = kind.rpartition('/')
    try:
        found: type[Any] = getattr(importlib.import_module(package.replace('/', '.')), name)
    except (ImportError, AttributeError, ValueError) as error:
        owner = kind.partition('/')[0]
        cure = (
            f'install {owner} (`apt install ros-$ROS_DISTRO-{owner.replace("_", "-")}`), or {cure}'
        )
        raise InputError(what, kind, 'an installed message type', cure) from error
    return found


def installed(kind: str) -> type[Any] | None:
    """The class of a message type, or None where it is not installed."""
    try:
        return message_class(kind)
    except InputError:
        return None


def heard(carries: str, kind: str, what: str) -> tuple[Adapter, type[Any]]:
    """What reads a type, and its class to subscribe with.

    Args:
        carries: as in ``xsense_ros.adapters.table``.
        kind: name of the type.
        what: names the parameter in an error.

    Raises:
        InputError: a type that we cannot read, or that is not installed.
    """
    return adapter(carries, kind, what), message_class(kind, what)


def header_of(message: Any) -> Header:
    """The header of a message; one that says nothing where its type has none."""
    return getattr(message, 'header', None) or Header()
