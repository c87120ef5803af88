# SPDX-License-Identifier: Apache-2.0
"""Rows that the tables of several nodes have in common."""

from __future__ import annotations

import socket

from xsense_ros.engines.backends import AUTO, BACKENDS, NEVER
from xsense_ros.nodes.parameter_spec import AT_START, INACTIVE, ParameterSpec, one_of, some_of

# How models are run.
INFERENCE: tuple[ParameterSpec, ...] = (
    ParameterSpec(
        'backends',
        ['onnxruntime'],
        'Inference backends, in order of preference.',
        INACTIVE,
        check=some_of(*sorted(BACKENDS)),
    ),
    ParameterSpec(
        'strict_backend',
        False,
        'Fail where the first backend cannot serve, instead of falling back to the next.',
        INACTIVE,
    ),
    ParameterSpec(
        'threads',
        0,
        "Threads within one operator of a model; 0: the backend's choice.",
        INACTIVE,
        (0, 256),
    ),
    ParameterSpec(
        'engines.build',
        AUTO,
        'auto: an engine that is missing is built in the background while the next backend '
        'answers; never: the next backend serves.',
        INACTIVE,
        check=one_of(AUTO, NEVER),
    ),
    ParameterSpec(
        'engines.build_only',
        False,
        'Build the missing engines of all models, and end.',
        AT_START,
    ),
)

STAMP_TOLERANCE = ParameterSpec(
    'stamp_tolerance_seconds',
    0.1,
    "How far a stamp may lie ahead of the node's clock before it is reported [s].",
    INACTIVE,
    (0.0, 60.0),
)

# The node as a process.
PROCESS: tuple[ParameterSpec, ...] = (
    ParameterSpec(
        'diagnostics_period',
        1.0,
        'Time between two messages on /diagnostics [s].',
        AT_START,
        (0.05, 60.0),
    ),
    ParameterSpec(
        'hardware_id',
        socket.gethostname(),
        'Identifies the computer or robot in diagnostics.',
        AT_START,
    ),
    ParameterSpec(
        'autostart',
        False,
        'Configure and activate by itself, without a lifecycle manager.',
        AT_START,
    ),
)
