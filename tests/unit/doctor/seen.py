# SPDX-License-Identifier: Apache-2.0
"""Robots as the doctor may see them: all is well until a test changes something."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xsense_ros.doctor.machine import Machine, Process
from xsense_ros.doctor.observation import (
    RETRIEVAL,
    Endpoint,
    Heard,
    Observation,
    Qos,
    Reply,
    SeenNode,
    Status,
    Topic,
)
from xsense_ros.units import NS

IMAGE, TEXT = 'sensor_msgs/msg/Image', 'xsense_ros/msg/TextStamped'
CAMERA, WORDS, ANSWERS = '/camera/image', '/text', '/matches'
RELIABLE = Qos(reliability='reliable')
BASE = time.time_ns()
_KEEP: Any = object()


def heard(
    count: int = 60,
    hertz: float = 30.0,
    *,
    every: int = 1,
    stamp: Any = _KEEP,
    delay: float = 0.01,
    size: int = 921_600,
    clock: int = 0,
    sound: float = 0.0,
) -> list[Heard]:
    """Messages of a steady source; ``every`` n-th of them arrives, ``stamp`` replaces theirs."""
    times = [BASE + round(number * every * NS / hertz) for number in range(count)]
    return [
        Heard(at + round(delay * NS), clock, at if stamp is _KEEP else stamp, size, sound)
        for at in times
    ]


def status(level: int = 0, message: str = 'fine', before: Any = None, **figures: object) -> Status:
    told = {name.replace('_', ' '): str(value) for name, value in figures.items()}
    return Status(level, message, told, told if before is None else before, 4.0)


def topic(
    name: str,
    kind: str,
    publishers: Sequence[str] = ('/driver',),
    subscriptions: Sequence[str] = ('/retrieval',),
    messages: Sequence[Heard] = (),
    offers: Qos = RELIABLE,
    asks: Qos = RELIABLE,
) -> Topic:
    return Topic(
        name,
        [Endpoint(node, kind, offers, 'hash', 11) for node in publishers],
        [Endpoint(node, kind, asks, 'hash', 22) for node in subscriptions],
        list(messages),
    )


def robot(
    node: Mapping[str, Any] | None = None,
    topics: Sequence[Topic] = (),
    **changes: Any,
) -> Observation:
    """An active retrieval node with a camera at 30 Hz, words, a listener, and three things.

    Args:
        node: fields of SeenNode to replace.
        topics: that replace those of the same name.
        changes: fields of Observation to replace.
    """
    camera = topic(CAMERA, IMAGE, messages=heard(), asks=Qos())
    answers = topic(ANSWERS, 'xsense_ros/msg/MatchArray', ['/retrieval'], ['/listener'])
    known = {one.name: one for one in (camera, topic(WORDS, TEXT), answers, *topics)}
    parts = {
        'lifecycle': status(state='active'),
        'gallery': status(items=3, file='g.db'),
        'engine': status(**{'tower.onnx': 'onnxruntime on cpu, fp32, 1 threads'}),
        CAMERA: status(sense='image', received=120, dropped=0, before={'received': '0'}),
        WORDS: status(sense='text', received=0),
    }
    own = SeenNode(
        '/retrieval',
        RETRIEVAL,
        parameters={'use_sim_time': False, 'stamp_tolerance_seconds': 0.1},
        hears=[CAMERA, WORDS],
        tells=[ANSWERS],
        status=parts,
        skew=0.01,
        endpoint=Endpoint('/retrieval', '', Qos()),
    )
    big = 64 << 20
    processes = {11: Process(11, 'driver', 0, frozenset({0}), (big,))}
    seen = Observation(
        4.0,
        nodes=[replace(own, **(node or {}))],
        topics=known,
        replies={ANSWERS: [Reply('image', True, 20.0) for _ in range(20)]},
        others=['/driver', '/listener'],
        machine=Machine(0, {}, processes, 1 << 30, 0),
    )
    return replace(seen, **changes)
