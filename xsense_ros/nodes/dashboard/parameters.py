# SPDX-License-Identifier: Apache-2.0
"""The table of the dashboard's parameters: it declares, documents and checks each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xsense_ros.dashboard.uploads import Limits
from xsense_ros.nodes.matching.parameters import PARAMETERS as MATCHING
from xsense_ros.nodes.parameter_spec import AT_START, Check, ParameterSpec, names, topics
from xsense_ros.nodes.parameter_table import PARAMETERS as RETRIEVAL
from xsense_ros.nodes.parameter_table import TYPED
from xsense_ros.nodes.shared_parameters import PROCESS

DEFAULT_PORT = 8420
_LIMITS = Limits()


def _node_name(value: Any) -> str:
    return topics([value])


def _spec(
    name: str,
    default: Any,
    description: str,
    limits: tuple[float, float] | None = None,
    check: Check | None = None,
) -> ParameterSpec:
    """The page is set up once: all of these are read when the node starts."""
    return ParameterSpec(name, default, description, AT_START, limits, check)


def _shared(table: Sequence[ParameterSpec], *wanted: str) -> list[ParameterSpec]:
    """Rows of another node's table, which here are read when the node starts."""
    return [replace(spec, changes=AT_START) for spec in table if spec.name in wanted]


PARAMETERS: tuple[ParameterSpec, ...] = (
    _spec('host', '127.0.0.1', 'Address to serve on; any but loopback needs a token.'),
    _spec('port', DEFAULT_PORT, 'Port of the page; 0: any that is free.', (0, 65535)),
    _spec(
        'token_file',
        '',
        "File with the secret that browsers must show; '': XSENSE_DASHBOARD_TOKEN, or none.",
    ),
    _spec(
        'allowed_hosts',
        ['localhost'],
        'Names by which browsers may call this computer, besides its addresses.',
        check=names,
    ),
    _spec('max_browsers', 32, 'Most pages that may be connected at once.', (1, 1000)),
    _spec('retrieval', 'retrieval', 'Name of the retrieval node.', check=_node_name),
    _spec('matching', 'matching', 'Name of the matching node.', check=_node_name),
    _spec('timeout', 10.0, 'Longest time to wait for an answer of a node [s].', (0.5, 600.0)),
    _spec('tile.max_rate', 15.0, 'Most pictures a second of one tile [Hz].', (0.1, 120.0)),
    _spec('tile.width', 480, 'Widest picture of a tile [pixels].', (16, 4096)),
    _spec('tile.quality', 75, 'Quality of its JPEG.', (1, 100)),
    _spec('spectrogram.seconds', 4.0, 'Time that a spectrogram shows [s].', (0.5, 60.0)),
    _spec(
        'upload.max_bytes',
        _LIMITS.max_bytes,
        'Longest request that a page may send [bytes].',
        (1000, 1_000_000_000),
    ),
    _spec(
        'upload.max_pixels',
        _LIMITS.max_pixels,
        'Largest picture that a page may send [pixels].',
        (1000, 500_000_000),
    ),
    _spec(
        'upload.max_seconds',
        _LIMITS.max_seconds,
        'Longest sound that a page may send [s].',
        (0.1, 3600.0),
    ),
    # As the nodes themselves have them: one file of parameters may serve all.
    *_shared(RETRIEVAL, 'touch.topics', 'touch.profiles', 'audio.format'),
    *_shared(RETRIEVAL, *(f'{sense}.message_type' for sense in TYPED)),
    *_shared(MATCHING, 'infrared.encoding', 'infrared.palette'),
    *_shared(MATCHING, 'infrared.celsius_scale', 'infrared.celsius_offset'),
    *(spec for spec in PROCESS if spec.name != 'autostart'),
)
