# SPDX-License-Identifier: Apache-2.0
"""A node that only builds the engines of its models, so that its next start finds them."""

from __future__ import annotations

import signal
import sys

from rclpy.node import Node

from xsense_ros.engines.build_bundles import build_bundles
from xsense_ros.engines.bundle import Bundle, find_bundle
from xsense_ros.engines.precision import TENSORRT
from xsense_ros.errors import InputError, XsenseError

PARAMETER = 'engines.build_only'


def wanted(node: Node) -> bool:
    """Whether the node was started for that."""
    return bool(node.has_parameter(PARAMETER) and node.get_parameter(PARAMETER).value)


def build_for(node: Node) -> int:
    """Build all engines for the node's backends and bundles. Returns the exit status."""
    # Ctrl-C ends a build at its next step; nothing needs to be undone.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        build(node)
    except XsenseError as error:
        print(f'{node.get_name()}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build(node: Node) -> None:
    """The work of ``build_for``.

    Raises:
        InputError: none of the backends needs engines.
        BundleError: a bundle that cannot be found or used.
        EngineError: no such TensorRT, or models that could not be built.
    """
    backends = node.get_parameter('backends').value
    asked = [name for name in backends if name.partition(':')[0] in TENSORRT]
    if not asked:
        expected = f'one that needs engines: {" or ".join(TENSORRT)}'
        cure = 'with launch files: backend:=tensorrt,onnxruntime'
        raise InputError('parameter backends', list(backends), expected, cure)
    several = node.has_parameter('bundles')
    names = node.get_parameter('bundles' if several else 'bundle').value
    bundles = [Bundle.open(find_bundle(name)) for name in (names if several else [names])]
    for backend in asked:
        build_bundles(bundles, backend)
